import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { nonFiniteNumber } from '../finite-numbers.js';
import { DomainError } from '../problems/domain-error.js';
import { isConfidential } from './confidential.js';

type Done = (error: Error | null, body?: unknown) => void;

/** A pointer to what lies deeper helps nobody. Characters. */
const LONGEST_POINTER = 2_000;

/**
 * Makes the parser of `application/json` bodies: UTF-8 only (RFC 8259 section 8.1), keys that would replace a
 * prototype, numbers too large to be read and codings (RFC 9110 section 8.4) are refused, and a syntax error says where
 * it is, but in confidential bodies. An empty body is no body.
 */
export function jsonBodyParser(fastify: FastifyInstance) {
  const parse = fastify.getDefaultJsonParser('error', 'error') as unknown as (
    request: FastifyRequest,
    body: string,
    done: Done,
  ) => void;
  return (request: FastifyRequest, body: Buffer, done: Done): void => {
    if (body.length === 0) return done(null, undefined);
    const coding = request.headers['content-encoding'];
    if (coding !== undefined && coding.toLowerCase() !== 'identity') {
      return done(new DomainError('unsupported-media-type', `Send the body without the Content-Encoding "${coding}".`));
    }
    if (!isUtf8(body)) return done(new DomainError('malformed-body', 'The request body is not UTF-8 text.'));
    const text = body.toString();
    parse(request, text, (error, value) => {
      if (error)
        return done(new DomainError('malformed-body', fault(text, isConfidential(request.routeOptions.config))));
      const pointer = nonFiniteNumber(value);
      if (pointer === undefined) return done(null, value);
      const errors = [
        { pointer: pointer.length > LONGEST_POINTER ? '' : pointer, detail: 'is a number too large to be read' },
      ];
      done(new DomainError('malformed-body', 'The request body holds a number out of range.', { errors }));
    });
  };
}

function fault(text: string, confidential: boolean): string {
  try {
    JSON.parse(text);
  } catch (error) {
    // The message quotes the place.
    if (confidential) return 'The request body is not valid JSON.';
    return `The request body is not valid JSON: ${(error as Error).message}.`;
  }
  return 'The request body holds a key (__proto__ or constructor.prototype) that is not accepted.';
}
