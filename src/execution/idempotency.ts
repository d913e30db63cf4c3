import { createHash } from 'node:crypto';
import { DomainError } from '../ogc/problems/domain-error.js';

const KEY = /^[\x21-\x7e]{1,255}$/;
/** Nesting of a request body, beyond what any input may have; deeper ones cannot be executed anyway. */
const DEEPEST = 200;

/** What makes two requests of one key the same. */
export interface RequestIdentity {
  readonly method: string;
  readonly processId: string;
  /** any JSON value */
  readonly body: unknown;
}

/**
 * Reads the header `Idempotency-Key`.
 * @throws DomainError `bad-request` unless it is 1 to 255 visible ASCII characters
 */
export function parseIdempotencyKey(header: string | readonly string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && KEY.test(header)) return header;
  throw new DomainError('bad-request', 'Idempotency-Key must be 1 to 255 visible ASCII characters.');
}

/**
 * Digests a request, whatever the order of members and the white space it was written with. Preferences that change
 * the answer only, such as `return`, `respond-async` or how long to wait, do not count: who asks again may ask otherwise.
 * @returns SHA-256 in hexadecimal
 * @throws DomainError `invalid-parameter` for a body nested too deep
 */
export function requestDigest({ method, processId, body }: RequestIdentity): string {
  const text = canonicalJson([method, processId, body === undefined ? {} : body], 0);
  return createHash('sha256').update(text).digest('hex');
}

/** JSON text that is the same for equal values: members are sorted by code units. The depth bounds the recursion. */
function canonicalJson(value: unknown, depth: number): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (depth > DEEPEST) {
    const errors = [{ pointer: '', detail: `must be nested at most ${DEEPEST} levels deep` }];
    throw new DomainError('invalid-parameter', 'The execute request is not valid.', { errors });
  }
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item, depth + 1)).join()}]`;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member, depth + 1)}`).join()}}`;
}
