import type { FastifyReply } from 'fastify';
import { validate as isUuid } from 'uuid';
import type { DomainError } from './domain-error.js';
import { PROBLEM_CATALOG } from './problem-catalog.js';
import { problemMediaType } from './problem-media-type.js';
import { problemOfError } from './problem.js';

/**
 * Answers with the problem document of an error. A server error names the request id as its `instance`, so that a
 * report of it leads to the lines of the service log.
 */
export function sendProblem(reply: FastifyReply, error: DomainError): void {
  const requestId = String(reply.request.id);
  const isServerError = PROBLEM_CATALOG[error.code].status >= 500;
  const instance = isServerError && isUuid(requestId) ? `urn:uuid:${requestId}` : undefined;
  const problem = problemOfError(error, instance);
  if (error.retryAfter !== undefined) reply.header('Retry-After', String(error.retryAfter));
  reply
    .code(problem.status)
    .header('Content-Type', problemMediaType(reply.request.headers?.accept))
    // Fastify appends a charset to JSON sent as text; the media type must be exact, so the bytes are sent.
    .send(Buffer.from(JSON.stringify(problem)));
}
