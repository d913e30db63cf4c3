import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { formatPreferenceApplied, type Preferences } from '../ogc/prefer.js';
import { DomainError } from '../ogc/problems/domain-error.js';
import type { ResultsResponse } from './results/results-response.js';

/**
 * Sends a results response. HEAD gets the headers alone.
 * @param applied preferences honoured so far
 * @param links `Link` header values on top of those of the response
 * @throws DomainError `range-not-satisfiable` once the headers are set
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
  if (response.status === 416) throw new DomainError('range-not-satisfiable', 'The output is shorter than that.');
  reply.code(response.status);
  // Fastify says Content-Length: 0 to HEAD when nothing is sent, and leaves the header alone when a stream is.
  if (reply.request.method === 'HEAD') void reply.send(Readable.from([]));
  else void reply.send(response.open?.());
}
