import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import type { StandardVersion } from './standard-version.js';

const FOLDERS: Record<StandardVersion, string> = {
  '1.0': 'part1-1.0.0/core/openapi/schemas',
  '2.0': 'part1-2.0-draft-2026-04-27/openapi/schemas',
};
const SUBFOLDERS: Record<StandardVersion, readonly string[]> = {
  '1.0': [''],
  '2.0': ['processes-core', 'common-core'],
};
const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/**
 * The YAML schemas of the standard, read from a directory that holds the published folders. They are OpenAPI 3.0
 * schemas and are translated where JSON Schema would take them for something else:
 * - `oneOf` is read as `anyOf`: the published alternatives overlap (a number that is an integer, a text that is
 *   base64), so that taken literally no result would ever be valid;
 * - a boolean `exclusiveMinimum` becomes the number it stands for;
 * - references to other hosts are left out, so that nothing is fetched;
 * - the 2.0 draft's `schema.yaml` describes features and fits no input; any JSON Schema is taken instead;
 * - of the formats only `date-time` is asserted; the others are annotations.
 */
export class OfficialSchemas {
  private readonly validators = new Map<string, ValidateFunction>();
  private readonly ajv = new Ajv2020({
    strict: false,
    validateSchema: false,
    logger: false,
    allErrors: true,
    formats: { 'date-time': DATE_TIME },
  });

  private constructor(private readonly directory: string) {
    for (const version of ['1.0', '2.0'] as const) this.read(version);
  }

  /** @returns nothing when there are no schemas in the directory */
  static in(directory: string): OfficialSchemas | undefined {
    return existsSync(join(directory, FOLDERS['1.0'])) ? new OfficialSchemas(directory) : undefined;
  }

  /**
   * @param name without `.yaml`, for example `statusInfo`
   * @returns what is wrong with a document; nothing when it is valid
   */
  faultsOf(version: StandardVersion, name: string, document: unknown): string | undefined {
    const validate = this.validatorOf(version, name);
    if (validate(document)) return undefined;
    const faults = validate.errors!.slice(0, 5).map((error) => `${error.instancePath || '/'} ${error.message}`);
    return `not valid against ${name}.yaml of ${version}: ${faults.join('; ')}`;
  }

  private validatorOf(version: StandardVersion, name: string): ValidateFunction {
    const key = `${version}/${name}`;
    let validate = this.validators.get(key);
    if (validate === undefined) {
      for (const folder of SUBFOLDERS[version]) {
        validate ??= this.ajv.getSchema(uriOf(version, join(folder, `${name}.yaml`)));
      }
      if (validate === undefined) throw new Error(`there is no ${name}.yaml in the schemas of ${version}`);
      this.validators.set(key, validate);
    }
    return validate;
  }

  private read(version: StandardVersion): void {
    const root = join(this.directory, FOLDERS[version]);
    if (!existsSync(root)) return;
    for (const file of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.yaml')) continue;
      const isAnySchema = version === '2.0' && file === join('processes-core', 'schema.yaml');
      const schema = isAnySchema ? {} : translate(parse(readFileSync(join(root, file), 'utf8')));
      this.ajv.addSchema({ ...(schema as object), $id: uriOf(version, file) });
    }
  }
}

function uriOf(version: StandardVersion, path: string): string {
  return `schemas:/${version}/${path.split(sep).join('/')}`;
}

function translate(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(translate);
  if (typeof node !== 'object' || node === null) return node;
  const schema: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(node)) {
    if (key === 'oneOf' && Array.isArray(value)) schema.anyOf = translate(value);
    else if (key === 'exclusiveMinimum' && value === true) schema[key] = (node as { minimum?: number }).minimum;
    else if (key === '$ref' && /^https?:/.test(String(value))) continue;
    else if (key === '$schema' || (key === '$id' && typeof value === 'string')) continue;
    else schema[key] = translate(value);
  }
  return schema;
}
