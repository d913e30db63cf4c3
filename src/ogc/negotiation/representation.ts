import type { FastifyRequest } from 'fastify';
import Negotiator from 'negotiator';
import { MediaType } from '../media-type.js';
import { DomainError } from '../problems/domain-error.js';
import { invalidQuery } from '../problems/invalid-query.js';

/** Short names that the query parameter `f` knows, and the media types each of them may stand for. */
const FORMATS: Record<string, readonly string[]> = {
  json: [MediaType.json, MediaType.openApi30],
  html: [MediaType.html],
  oas30: [MediaType.openApi30],
  oas31: [MediaType.openApi31],
  sse: [MediaType.eventStream],
  dot: [MediaType.graphviz],
  mermaid: [MediaType.mermaid],
  svg: [MediaType.svg],
};

/**
 * Chooses in which media type to answer: by the query parameter `f` where it is given, else by the Accept header
 * (RFC 9110 section 12.5.1). Without either, or for any type, the first of the available ones.
 * @param available media types this resource can be answered in, the preferred one first
 * @throws DomainError `not-acceptable` when none fits, `invalid-query-parameter` for an unknown `f`
 */
export function chooseRepresentation<T extends string>(request: FastifyRequest, available: readonly [T, ...T[]]): T {
  const format = (request.query as { f?: unknown } | null)?.f;
  if (format !== undefined) return byFormat(format, available);
  const accept = request.headers.accept;
  if (accept === undefined || accept.trim() === '') return available[0];
  const chosen = new Negotiator({ headers: { accept } }).mediaType([...available]);
  if (chosen === undefined) {
    throw new DomainError('not-acceptable', `This resource is available as ${available.join(', ')}.`);
  }
  return chosen as T;
}

function byFormat<T extends string>(format: unknown, available: readonly T[]): T {
  const candidates = typeof format === 'string' && Object.hasOwn(FORMATS, format) ? FORMATS[format] : [];
  const chosen = available.find((type) => candidates.includes(type));
  if (chosen === undefined) {
    const known = Object.keys(FORMATS).filter((name) => available.some((type) => FORMATS[name].includes(type)));
    throw invalidQuery('f', `must be one of: ${known.join(', ')}`);
  }
  return chosen;
}
