import type { JsonObject } from '../../ogc/json-object.js';
import { MediaType } from '../../ogc/media-type.js';
import type { ProcessDescription } from '../../processes/process-description.js';
import { invalidQuery } from '../../ogc/problems/invalid-query.js';
import { readInput } from './kvp-input.js';
import { mediaType } from './kvp-value.js';
import { divide, ParameterGroup } from './parameter-group.js';
import { type QueryParameter, readQuery, textOf } from './query-parameters.js';

/** What a query says, in the words of an execute request and of the headers it stands for. */
export interface KvpRequest {
  /** An execute request (execute.yaml), to be parsed like the body of a POST. */
  readonly body: { readonly inputs: JsonObject; readonly outputs?: JsonObject };
  /** `response[f]`, in place of the header Accept. */
  readonly accept?: string;
  /** `response[prefer]`, before the header Prefer. */
  readonly prefer?: string;
  /** The parameters `profile` and `validate`, unless an input has that name. */
  readonly profile?: string;
  readonly validate?: string;
}

const SHORT_FORMATS: ReadonlyMap<string, string> = new Map([['json', MediaType.json]]);

/**
 * Reads the query of `GET /processes/{processID}/execution` (2.0, class kvp-execute). Names are those of the inputs
 * and outputs, without regard to case. Where they collide: `response[f]` and `response[prefer]` are always the
 * parameters of the standard; an input called `profile` or `validate` goes before our parameters; and of an input and
 * an output with one id, `[mediaType]`, `[encoding]` and `[schema]` mean the input when `[value]` or `[href]` is there,
 * else the output.
 * @param query as sent, without the question mark, not decoded
 * @throws DomainError `invalid-query-parameter`
 */
export function parseKvpRequest(query: string, process: ProcessDescription): KvpRequest {
  return new KvpParser(process).parse(readQuery(query));
}

class KvpParser {
  private readonly groups = new Map<string, ParameterGroup>();
  private readonly options = new Map<string, string>();

  constructor(private readonly process: ProcessDescription) {}

  parse(parameters: readonly QueryParameter[]): KvpRequest {
    for (const parameter of parameters) this.sort(parameter);
    const inputs: [string, unknown][] = [];
    const outputs: [string, ParameterGroup][] = [];
    for (const group of this.groups.values()) {
      const { inputId, outputId } = group;
      const [forInput, forOutput] = divide(group);
      if (inputId !== undefined && forInput)
        inputs.push([inputId, readInput(inputId, this.process.inputs[inputId], forInput)]);
      if (outputId !== undefined && forOutput) outputs.push([outputId, forOutput]);
    }
    const selection = this.selectOutputs(outputs);
    return {
      // fromEntries defines properties; an id such as __proto__ stays an ordinary member.
      body: { inputs: Object.fromEntries(inputs), ...(selection && { outputs: Object.fromEntries(selection) }) },
      accept: this.accept(),
      prefer: this.options.get('response[prefer]'),
      profile: this.options.get('profile'),
      validate: this.options.get('validate'),
    };
  }

  private sort(parameter: QueryParameter): void {
    const { key, name, member } = parameter;
    const lower = key.toLowerCase();
    if (lower === 'response[f]' || lower === 'response[prefer]') return this.setOption(lower, parameter);
    const whole = this.group(key);
    if (whole) {
      whole.plain.push(parameter);
      return;
    }
    const group = member === undefined ? undefined : this.group(name);
    if (group === undefined) {
      if (lower === 'profile' || lower === 'validate') return this.setOption(lower, parameter);
      throw invalidQuery(
        key,
        `is not known; the process has the inputs ${Object.keys(this.process.inputs).join(', ') || '(none)'}`,
      );
    }
    const known = member!.toLowerCase();
    if (group.members.has(known)) throw invalidQuery(key, 'is given more than once');
    group.members.set(known, parameter);
  }

  private setOption(name: string, parameter: QueryParameter): void {
    if (this.options.has(name)) throw invalidQuery(parameter.key, 'is given more than once');
    this.options.set(name, textOf(parameter));
  }

  private group(name: string): ParameterGroup | undefined {
    const inputId = findId(name, this.process.inputs);
    const outputId = findId(name, this.process.outputs);
    if (inputId === undefined && outputId === undefined) return undefined;
    const identity = JSON.stringify([inputId, outputId]);
    const group = this.groups.get(identity) ?? new ParameterGroup(inputId, outputId);
    this.groups.set(identity, group);
    return group;
  }

  private accept(): string | undefined {
    const wish = this.options.get('response[f]');
    if (wish === undefined) return undefined;
    const type = SHORT_FORMATS.get(wish.trim().toLowerCase()) ?? mediaType(wish);
    if (type.includes('/')) return type;
    throw invalidQuery('response[f]', 'must be a media type');
  }

  /** @returns the member `outputs` of an execute request; nothing when the query does not speak of outputs */
  private selectOutputs(groups: readonly [string, ParameterGroup][]): [string, JsonObject][] | undefined {
    if (groups.length === 0) return undefined;
    const included: [string, JsonObject][] = [];
    const excluded = new Set<string>();
    for (const [id, group] of groups) {
      const include = group.text('include') ?? 'true';
      if (include !== 'true' && include !== 'false') throw invalidQuery(`${id}[include]`, 'must be true or false');
      const format = group.format();
      if (include === 'false') excluded.add(id);
      else included.push([id, Object.keys(format).length > 0 ? { format } : {}]);
    }
    if (included.length > 0) return included;
    return Object.keys(this.process.outputs)
      .filter((id) => !excluded.has(id))
      .map((id) => [id, {}]);
  }
}

/** @throws DomainError `invalid-query-parameter` when the name is short for several ids */
function findId(name: string, described: Readonly<Record<string, unknown>>): string | undefined {
  if (Object.hasOwn(described, name)) return name;
  const lower = name.toLowerCase();
  const found = Object.keys(described).filter((id) => id.toLowerCase() === lower);
  if (found.length > 1) throw invalidQuery(name, `could be ${found.join(' or ')}; write it as it is`);
  return found[0];
}
