import { DomainError } from '../ogc/problems/domain-error.js';
import { invalidQuery } from '../ogc/problems/invalid-query.js';

/**
 * Reads the query parameter `profile` (2.0 class query-param-profile): one or several, by URI, CURIE or id. Which of
 * them mean something is decided where they are used; an unknown one is no error.
 */
export function readProfile(value: unknown): string | undefined {
  return value === undefined ? undefined : texts(value).join(',');
}

/**
 * Reads a query parameter that is true or false; its bare name means true.
 * @throws DomainError `invalid-query-parameter`
 */
export function readFlag(name: string, value: unknown): boolean {
  if (value === undefined || value === 'false') return false;
  if (value === 'true' || value === '') return true;
  throw invalidQuery(name, 'must be true or false');
}

/**
 * Reads the query parameter `outputs` of results (2.0 /req/core/job-results-param-outputs): a list of output ids.
 * @returns nothing when it is absent
 * @throws DomainError `invalid-query-parameter` for an empty id; `no-such-output` for one that is not described
 */
export function readOutputIds(value: unknown, described: Readonly<Record<string, unknown>>): string[] | undefined {
  if (value === undefined) return undefined;
  const ids = texts(value).flatMap((text) => text.split(','));
  if (ids.includes('')) {
    throw invalidQuery('outputs', 'must be a list of output ids, separated by commas');
  }
  const unknown = ids.find((id) => !Object.hasOwn(described, id));
  if (unknown === undefined) return [...new Set(ids)];
  throw new DomainError('no-such-output', `The process has no output "${unknown.slice(0, 100)}".`);
}

/** A parameter that is given several times arrives as an array. */
function texts(value: unknown): string[] {
  return [value].flat().filter((text) => typeof text === 'string');
}
