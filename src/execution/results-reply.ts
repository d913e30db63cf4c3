import type { FastifyReply } from 'fastify';
import { formatPreferenceApplied, type Preferences } from '../ogc/prefer.js';
import type { ResultsResponse } from './results/results-response.js';

/**
 * Sends a results response. HEAD gets the headers alone.
 * @param applied preferences honoured so far
 * @param links `Link` header values on top of those of the response
 */
export function replyWithResults(
  reply: FastifyReply,
  response: ResultsResponse,
  applied: Partial<Preferences>,
  links: readonly string[] = [],
): void {
  const preferenceApplied = formatPreferenceApplied({ ...applied, ...response.applied });
  if (preferenceApplied !== undefined) reply.header('preference-applied', preferenceApplied);
  for (const [name, value] of Object.entries(response.headers)) reply.header(name, value);
  const allLinks = [...links, ...[response.headers.link ?? []].flat()];
  if (allLinks.length > 0) reply.header('link', allLinks);
  reply.code(response.status);
  if (response.open === undefined || reply.request.method === 'HEAD') void reply.send();
  else void reply.send(response.open());
}
