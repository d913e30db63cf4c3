import { invalidQuery } from '../problems/invalid-query.js';

/** Items of a page, unless the client asks for another number. */
export const DEFAULT_LIMIT = 10;

/** The largest page a client may ask for. */
export const MAXIMUM_LIMIT = 10_000;

/**
 * Reads the query parameter `limit` (OGC 18-062r2 /req/core/pl-limit-definition).
 * @param value as it came from the query: text, several texts, or nothing
 * @throws DomainError `invalid-query-parameter` unless it is one whole number from 1 to 10000
 */
export function parseLimit(value: unknown): number {
  if (value === undefined) return DEFAULT_LIMIT;
  const limit = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : NaN;
  if (!(limit >= 1 && limit <= MAXIMUM_LIMIT)) {
    throw invalidQuery('limit', `must be one whole number from 1 to ${MAXIMUM_LIMIT}`);
  }
  return limit;
}
