import type { OgcSchema } from '../process-description.js';

/** The member by which a JSON value refers to a block: `{"$block": "s3/results"}`. */
export const BLOCK_MEMBER = '$block';

/** What the type of a block may be called. */
export const BLOCK_TYPE = /^[a-z][a-z0-9-]{0,63}$/;

/** What a block may be called among those of its type. */
export const BLOCK_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** The schema of a reference to a block of one of these types. */
export function blockReferenceSchema(types: readonly string[]): OgcSchema {
  const kind = types.length === 1 ? types[0] : `(${types.join('|')})`;
  return {
    type: 'object',
    properties: { [BLOCK_MEMBER]: { type: 'string', pattern: `^${kind}/[a-z0-9][a-z0-9._-]{0,63}$` } },
    required: [BLOCK_MEMBER],
    additionalProperties: false,
  };
}
