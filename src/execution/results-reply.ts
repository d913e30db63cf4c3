import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { formatPreferenceApplied, type Preferences } from '../ogc/prefer.js';
import { DomainError } from '../ogc/problems/domain-error.js';
import type { OgcSchema } from '../processes/process-description.js';
import { BARE_HEADERS, bareOutput } from './results/bare-output.js';
import { openContent } from './results/content.js';
import { availableFormats } from './results/output-format.js';
import type { ResultOutput } from './results/result-output.js';
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

/**
 * Sends one output bare, in its first format: what {@link replyWithResults} does where nothing was asked for, without the
 * questions.
 * @returns false for an output that is no value; nothing is sent then
 */
export function replyWithValue(reply: FastifyReply, output: ResultOutput, schema: OgcSchema): boolean {
  if (output.kind !== 'value') return false;
  const [format] = availableFormats(output, schema);
  const { contentType, content } = bareOutput(output, format);
  reply.headers(BARE_HEADERS).header('content-type', contentType).serializer(asItIs);
  void reply.send(openContent(content));
  return true;
}

function asItIs(text: unknown): string {
  return text as string;
}
