import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse as parseVariables } from 'dotenv';
import { parse as parseYaml } from 'yaml';

/** A service of a compose file, as far as tests look at it. */
export interface ComposeService {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly user?: string;
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly env_file?: string;
  readonly secrets?: readonly string[];
  readonly configs?: readonly { readonly source: string; readonly target: string }[];
  readonly volumes?: readonly (string | { readonly type: string; readonly source?: string; readonly target: string })[];
  readonly tmpfs?: readonly string[];
  readonly networks?: readonly string[];
  readonly ports?: readonly string[];
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly restart?: string;
  readonly stop_grace_period?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly logging?: { readonly driver: string; readonly options: Readonly<Record<string, string>> };
  readonly deploy?: {
    readonly replicas?: string | number;
    readonly resources: { readonly limits: Readonly<Record<'cpus' | 'memory' | 'pids', string | number>> };
  };
}

/** The files of secrets or configs, or the members of volumes and networks, by name. */
type Declared<T> = Readonly<Record<string, T>>;

interface ComposeModel {
  readonly services: Declared<ComposeService>;
  readonly networks: Declared<{ readonly internal?: boolean }>;
  readonly volumes: Declared<object>;
  readonly secrets: Declared<{ readonly file: string }>;
  readonly configs: Declared<{ readonly file: string }>;
}

const VARIABLE = /\$(?:\$|([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?:(:?[-?+])((?:[^{}])*))?\})/g;

/**
 * Replaces the variables in one text as Compose does: `$$`, `$NAME`, `${NAME}`, and with `:-`, `-`, `:?`, `?`, `:+`, `+`.
 * @throws Error for a variable that has to be set and is not, and for one that has neither a value nor a default
 */
export function interpolate(text: string, variables: Readonly<Record<string, string | undefined>>): string {
  return text.replace(VARIABLE, (found, plain?: string, braced?: string, operator?: string, word = '') => {
    if (found === '$$') return '$';
    const name = (plain ?? braced)!;
    const value = operator?.startsWith(':') ? variables[name] || undefined : variables[name];
    if (operator?.endsWith('+')) return value === undefined ? '' : word;
    if (value !== undefined) return value;
    if (operator?.endsWith('-')) return word;
    throw new Error(`${name} is not set: ${word || found}`);
  });
}

function interpolated(value: unknown, variables: Readonly<Record<string, string | undefined>>): unknown {
  if (typeof value === 'string') return interpolate(value, variables);
  if (Array.isArray(value)) return value.map((item) => interpolated(item, variables));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, interpolated(member, variables)]));
}

/** A compose file with its variables replaced, in the way `docker compose config` shows it. */
export class ComposeFile {
  private constructor(
    readonly path: string,
    readonly model: ComposeModel,
    private readonly variables: Readonly<Record<string, string>>,
  ) {}

  /** @param env the content of the file `.env` beside it */
  static read(path: string, env: string): ComposeFile {
    const variables = parseVariables(env);
    const model = parseYaml(readFileSync(path, 'utf8'), { merge: true }) as unknown;
    return new ComposeFile(path, interpolated(model, variables) as ComposeModel, variables);
  }

  get services(): [string, ComposeService][] {
    return Object.entries(this.model.services);
  }

  service(name: string): ComposeService {
    const service = this.model.services[name];
    if (service === undefined) throw new Error(`${this.path} has no service ${name}`);
    return service;
  }

  /** What the containers of a service find in their environment: the file `.env` when they get it, then their own. */
  environment(name: string): Record<string, string> {
    const { env_file, environment } = this.service(name);
    return { ...(env_file === undefined ? {} : this.variables), ...environment };
  }

  /** Where a file that the compose file names lies. */
  resolve(file: string): string {
    return join(dirname(this.path), file);
  }
}
