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
  reply.headers(response.headers);
  const allLinks = links.concat(response.headers.link ?? []);
  if (allLinks.length > 0) reply.header('link', allLinks);
  if (response.status === 416) throw new DomainError('range-not-satisfiable', 'The output is shorter than that.');
  reply.code(response.status);
  // Fastify would add a charset to JSON that is sent as text without a serializer; the media type must be exact.
  reply.serializer(asItIs);
  // Fastify says Content-Length: 0 to HEAD when nothing is sent, and leaves the header alone when a stream is.
  if (reply.request.method === 'HEAD') void reply.send(Readable.from([]));
  else void reply.send(response.open?.());
}

function asItIs(text: unknown): string {
  return text as string;
}
