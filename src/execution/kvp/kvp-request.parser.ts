import { DomainError } from '../../ogc/problems/domain-error.js';
import type { InputDescription, ProcessDescription } from '../../processes/process-description.js';
import { isRepeatable } from '../inputs/input-occurrence.js';
import { isJsonObject, type JsonObject } from '../json-object.js';
import { alternativeFor, alternativesOf } from '../schema-alternatives.js';
import { base64, isBoundingBox, mediaType, parseJson, readBoundingBox, readValue, splitValues } from './kvp-value.js';
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

const INPUT_MEMBERS = new Set(['href', 'type', 'value', 'mediatype', 'encoding', 'schema', 'crs']);
const OUTPUT_MEMBERS = new Set(['include', 'mediatype', 'encoding', 'schema']);
const SHORT_FORMATS: ReadonlyMap<string, string> = new Map([['json', 'application/json']]);

/** All parameters of one name. */
class Group {
  readonly plain: QueryParameter[] = [];
  /** By lower-case name; a member that is said twice is a mistake. */
  readonly members = new Map<string, QueryParameter>();

  constructor(
    readonly inputId: string | undefined,
    readonly outputId: string | undefined,
  ) {}

  text(member: string): string | undefined {
    const parameter = this.members.get(member);
    return parameter && textOf(parameter);
  }

  /** `mediaType`, `encoding` and `schema` of a value or an output. */
  format(): Record<string, string> {
    const [type, encoding, schema] = ['mediatype', 'encoding', 'schema'].map((member) => this.text(member));
    return {
      ...(type !== undefined && { mediaType: mediaType(type) }),
      ...(encoding !== undefined && { encoding }),
      ...(schema !== undefined && { schema }),
    };
  }
}

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
  private readonly groups = new Map<string, Group>();
  private readonly options = new Map<string, string>();

  constructor(private readonly process: ProcessDescription) {}

  parse(parameters: readonly QueryParameter[]): KvpRequest {
    for (const parameter of parameters) this.sort(parameter);
    const inputs: [string, unknown][] = [];
    const outputs: [string, Group][] = [];
    for (const group of this.groups.values()) {
      const { inputId, outputId } = group;
      const [forInput, forOutput] = divide(group);
      if (inputId !== undefined && forInput)
        inputs.push([inputId, readInput(inputId, this.describe(inputId), forInput)]);
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
      throw invalid(
        key,
        `is not known; the process has the inputs ${Object.keys(this.process.inputs).join(', ') || '(none)'}`,
      );
    }
    const known = member!.toLowerCase();
    if (group.members.has(known)) throw invalid(key, 'is given more than once');
    group.members.set(known, parameter);
  }

  private setOption(name: string, parameter: QueryParameter): void {
    if (this.options.has(name)) throw invalid(parameter.key, 'is given more than once');
    this.options.set(name, textOf(parameter));
  }

  private group(name: string): Group | undefined {
    const inputId = findId(name, this.process.inputs);
    const outputId = findId(name, this.process.outputs);
    if (inputId === undefined && outputId === undefined) return undefined;
    const identity = JSON.stringify([inputId, outputId]);
    const group = this.groups.get(identity) ?? new Group(inputId, outputId);
    this.groups.set(identity, group);
    return group;
  }

  private describe(inputId: string): InputDescription {
    return this.process.inputs[inputId];
  }

  private accept(): string | undefined {
    const wish = this.options.get('response[f]');
    if (wish === undefined) return undefined;
    const type = SHORT_FORMATS.get(wish.trim().toLowerCase()) ?? mediaType(wish);
    if (type.includes('/')) return type;
    throw invalid('response[f]', 'must be a media type');
  }

  /** @returns the member `outputs` of an execute request; nothing when the query does not speak of outputs */
  private selectOutputs(groups: readonly [string, Group][]): [string, JsonObject][] | undefined {
    if (groups.length === 0) return undefined;
    const included: [string, JsonObject][] = [];
    const excluded = new Set<string>();
    for (const [id, group] of groups) {
      const include = group.text('include') ?? 'true';
      if (include !== 'true' && include !== 'false') throw invalid(`${id}[include]`, 'must be true or false');
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

/** Tells what of a group is meant for the input, and what for the output. */
function divide(group: Group): [input: Group | undefined, output: Group | undefined] {
  const { inputId, outputId, plain, members } = group;
  const isQualified = members.has('value') || members.has('href');
  const input = new Group(inputId, undefined);
  const output = new Group(undefined, outputId);
  input.plain.push(...plain);
  for (const [member, parameter] of members) {
    const fitsInput = inputId !== undefined && INPUT_MEMBERS.has(member);
    const fitsOutput = outputId !== undefined && OUTPUT_MEMBERS.has(member);
    if (!fitsInput && !fitsOutput) throw invalid(parameter.key, 'is not known');
    const target = fitsInput && (!fitsOutput || isQualified) ? input : output;
    target.members.set(member, parameter);
  }
  if (inputId === undefined && plain.length > 0) {
    throw invalid(plain[0].key, `is an output; it is selected with ${outputId}[include]=true`);
  }
  return [plain.length + input.members.size > 0 ? input : undefined, output.members.size > 0 ? output : undefined];
}

function readInput(id: string, description: InputDescription, group: Group): unknown {
  const { plain, members } = group;
  const href = group.text('href');
  const value = members.get('value');
  const sources = value === undefined ? plain : [...plain, value];
  if (href !== undefined) {
    if (sources.length > 0) throw invalid(id, 'has both a value and a reference');
    const type = group.text('type');
    return { href, ...(type !== undefined && { type: mediaType(type) }), ...group.format() };
  }
  if (sources.length === 0) throw invalid(id, 'has no value');
  if (members.has('type')) throw invalid(`${id}[type]`, `belongs to ${id}[href]`);
  if (sources.length > 1 && !isRepeatable(description)) throw invalid(id, 'is given more than once');
  const crs = group.text('crs');
  const isBox = isBoundingBox(description.schema);
  if (crs !== undefined && !isBox) throw invalid(`${id}[crs]`, 'is for bounding boxes only');
  if (isBox) return readBoundingBoxes(sources, description, crs);
  const format = group.format();
  if (!isRepeatable(description)) return qualify(readFormatted(sources[0].pieces, description, format), format);
  return sources
    .flatMap(({ pieces }) => splitValues(pieces, description.schema))
    .map((text) => readLink(text, description) ?? qualify(readFormatted([text], description, format), format));
}

/** A media type or an encoding says how the text is meant; without one the schema does. */
function readFormatted(
  pieces: readonly string[],
  { schema }: InputDescription,
  format: Readonly<Record<string, string>>,
): unknown {
  const text = pieces.join(',');
  if (format.encoding?.toLowerCase().startsWith('base64')) return base64(text);
  const kind = format.mediaType === undefined ? undefined : alternativeFor(schema, format.mediaType)?.kind;
  if (kind === 'text') return text;
  return kind === 'binary' ? base64(text) : readValue(pieces, schema);
}

/** Objects go qualified, as the standard wants it, so that no member of theirs is mistaken for one of a link. */
function qualify(value: unknown, format: Readonly<Record<string, string>>): unknown {
  return Object.keys(format).length > 0 || isJsonObject(value) ? { value, ...format } : value;
}

/** Inputs that occur several times are referred to by JSON objects (/req/kvp-execute/input-by-reference). */
function readLink(text: string, { schema }: InputDescription): JsonObject | undefined {
  if (!/^\s*\{/.test(text)) return undefined;
  const value = parseJson(text);
  if (!isJsonObject(value)) return undefined;
  const isValue = alternativesOf(schema).some(({ kind }) => kind === 'json');
  return Object.hasOwn(value, 'href') || (!isValue && Object.hasOwn(value, 'value')) ? value : undefined;
}

function readBoundingBoxes(
  sources: readonly QueryParameter[],
  description: InputDescription,
  crs: string | undefined,
): unknown {
  if (!isRepeatable(description)) return readBoundingBox(textOf(sources[0]), crs);
  return sources.flatMap((source) => {
    // Several boxes in one list have their own commas encoded.
    const isList = source.pieces.some((piece) => piece.includes(','));
    const boxes = isList ? source.pieces : [textOf(source)];
    return boxes.map((text) => readBoundingBox(text, crs));
  });
}

/** @throws DomainError `invalid-query-parameter` when the name is short for several ids */
function findId(name: string, described: Readonly<Record<string, unknown>>): string | undefined {
  if (Object.hasOwn(described, name)) return name;
  const lower = name.toLowerCase();
  const found = Object.keys(described).filter((id) => id.toLowerCase() === lower);
  if (found.length > 1) throw invalid(name, `could be ${found.join(' or ')}; write it as it is`);
  return found[0];
}

function invalid(name: string, reason: string): DomainError {
  return new DomainError('invalid-query-parameter', `The parameter "${name.slice(0, 100)}" ${reason}.`);
}
