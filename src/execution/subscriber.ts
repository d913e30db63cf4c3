import type { JobSubscriber } from '../jobs/job.types.js';
import { DomainError } from '../ogc/problems/domain-error.js';
import type { AddressPolicy } from '../outgoing/address-policy.js';
import type { ExecuteRequest } from './execute-request.js';
import { jsonPointer } from '../ogc/json-pointer.js';

/**
 * Whom the job of a request calls back. URLs are kept in the form that `URL` gives them, with every character that
 * needs it encoded.
 * @param baseUrl URL of the landing page, for links in what is sent
 * @returns nothing when the request names no URL
 * @throws DomainError `invalid-parameter` for addresses that would be refused in any case; what a name leads to is
 *   looked at when the call is made
 */
export function readSubscriber(
  { subscriber }: Pick<ExecuteRequest, 'subscriber'>,
  policy: AddressPolicy,
  baseUrl: () => string,
): JobSubscriber | undefined {
  if (subscriber === undefined) return undefined;
  const urls = Object.entries(subscriber).map(([name, uri]: [string, string]) => [name, new URL(uri)] as const);
  const refused = urls.filter(([, { hostname }]) => !policy.mayAllowHost(hostname));
  if (refused.length > 0) {
    throw new DomainError('invalid-parameter', 'The execute request is not valid.', {
      errors: refused.map(([name]) => ({
        pointer: jsonPointer('subscriber', name),
        detail: 'leads to an address that this service does not connect to',
      })),
    });
  }
  if (urls.length === 0) return undefined;
  return { ...Object.fromEntries(urls.map(([name, { href }]) => [name, href])), base: baseUrl() };
}
