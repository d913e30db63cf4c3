import { DomainError } from '../../ogc/problems/domain-error.js';

/** One `key=value` of a query string. */
export interface QueryParameter {
  /** The whole key: `box[crs]`. */
  readonly key: string;
  /** `box` */
  readonly name: string;
  /** `crs`, of a key in the style deepObject. */
  readonly member?: string;
  /** The value, cut at the commas that were not percent-encoded (style form, explode false). */
  readonly pieces: readonly string[];
}

const DEEP_OBJECT = /^([^[]+)\[([^[\]]*)\]$/;

/** The value as one text: for a single value a comma is just a comma. */
export function textOf({ pieces }: QueryParameter): string {
  return pieces.join(',');
}

/**
 * Reads a query string before anything was decoded, since only there a separating comma differs from one that belongs
 * to a value (`a,b` and `a%2Cb`).
 * @throws DomainError `invalid-query-parameter` for a malformed percent-encoding
 */
export function readQuery(query: string): QueryParameter[] {
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const end = pair.includes('=') ? pair.indexOf('=') : pair.length;
      const key = decode(pair.slice(0, end));
      const [, name = key, member] = DEEP_OBJECT.exec(key) ?? [];
      return {
        key,
        name,
        member,
        pieces: pair
          .slice(end + 1)
          .split(',')
          .map(decode),
      };
    });
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch (error) {
    throw new DomainError('invalid-query-parameter', 'The query holds a malformed percent-encoding.', { cause: error });
  }
}
