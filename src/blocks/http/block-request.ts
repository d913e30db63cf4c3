import { z } from 'zod';
import type { JsonObject } from '../../ogc/json-object.js';
import { parseBody } from '../../ogc/http/parse-body.js';
import { DomainError } from '../../ogc/problems/domain-error.js';
import { BLOCK_NAME, BLOCK_TYPE } from '../../processes/schema/block-reference.js';
import { type BlockRef, NAME_WORDS, parseBlockRef } from '../block-ref.js';

const VALUES = z.record(z.string(), z.unknown(), 'must be an object');
const NEW = z.strictObject({
  type: z.string().regex(BLOCK_TYPE, 'must be the type of a block, see /block-types'),
  name: z.string().regex(BLOCK_NAME, NAME_WORDS),
  values: VALUES,
});
/** A name that is none is refused together with the faults of the values, which only the type can tell. */
const NAMELESS = NEW.extend({ name: z.string() });
const CONTENT = z.strictObject({ values: VALUES });

/** Reads the body of `POST /blocks`; its name may still be none. @throws DomainError `invalid-parameter` with every violation */
export function parseNewBlock(body: unknown): BlockRef & { readonly values: JsonObject } {
  return parseBody(NAMELESS.safeParse(body).success ? NAMELESS : NEW, body, 'The block is not valid.');
}

/** Reads the body of `PUT` and `PATCH`. @throws DomainError `invalid-parameter` with every violation */
export function parseBlockValues(body: unknown): JsonObject {
  return parseBody(CONTENT, body, 'The block is not valid.').values;
}

/** Reads the path of a block. @throws DomainError `no-such-block` for what cannot be the name of one */
export function parseBlockPath(type: string, name: string): BlockRef {
  const text = `${type}/${name}`;
  const ref = parseBlockRef(text);
  if (ref) return ref;
  throw new DomainError('no-such-block', `There is no block ${JSON.stringify(text.slice(0, 150))}.`);
}
