import { invalidQuery } from '../../ogc/problems/invalid-query.js';
import { mediaType } from './kvp-value.js';
import { type QueryParameter, textOf } from './query-parameters.js';

const INPUT_MEMBERS = new Set(['href', 'type', 'value', 'mediatype', 'encoding', 'schema', 'crs']);
const OUTPUT_MEMBERS = new Set(['include', 'mediatype', 'encoding', 'schema']);

/** All parameters of one name: of an input, an output, or both where they share an id. */
export class ParameterGroup {
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
 * Tells what of a group is meant for the input, and what for the output.
 * @throws DomainError `invalid-query-parameter` for a member that neither has
 */
export function divide(group: ParameterGroup): [input: ParameterGroup | undefined, output: ParameterGroup | undefined] {
  const { inputId, outputId, plain, members } = group;
  const isQualified = members.has('value') || members.has('href');
  const input = new ParameterGroup(inputId, undefined);
  const output = new ParameterGroup(undefined, outputId);
  input.plain.push(...plain);
  for (const [member, parameter] of members) {
    const fitsInput = inputId !== undefined && INPUT_MEMBERS.has(member);
    const fitsOutput = outputId !== undefined && OUTPUT_MEMBERS.has(member);
    if (!fitsInput && !fitsOutput) throw invalidQuery(parameter.key, 'is not known');
    const target = fitsInput && (!fitsOutput || isQualified) ? input : output;
    target.members.set(member, parameter);
  }
  if (inputId === undefined && plain.length > 0) {
    throw invalidQuery(plain[0].key, `is an output; it is selected with ${outputId}[include]=true`);
  }
  return [plain.length + input.members.size > 0 ? input : undefined, output.members.size > 0 ? output : undefined];
}
