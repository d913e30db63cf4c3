import { HttpException } from '@nestjs/common';
import { DomainError } from './domain-error.js';
import type { ProblemCode } from './problem-catalog.js';

const BY_STATUS: Readonly<Record<number, ProblemCode>> = {
  404: 'not-found',
  405: 'method-not-allowed',
  406: 'not-acceptable',
  408: 'request-timeout',
  413: 'body-too-large',
  414: 'uri-too-long',
  415: 'unsupported-media-type',
  431: 'header-too-large',
  503: 'too-busy',
};

const DETAILS: Partial<Record<string, readonly [ProblemCode, string]>> = {
  FST_ERR_BAD_URL: ['bad-request', 'The request path holds a malformed percent-encoding.'],
  FST_ERR_MAX_PARAM_LENGTH: ['uri-too-long', 'A segment of the request path is too long.'],
  FST_ERR_CTP_BODY_TOO_LARGE: [
    'body-too-large',
    'The request body is larger than this service accepts. Send large inputs with POST /uploads first and refer to them.',
  ],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported-media-type', 'The request body must be application/json.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['bad-request', 'The size of the request body differs from Content-Length.'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['malformed-body', 'The request body is not valid JSON.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['malformed-body', 'The request body is empty.'],
};

/**
 * Says an error in the words of the catalog: domain errors as they are, those of Nest and Fastify by their status,
 * and everything else as `internal`, without the original message. `ErrorTranslation` knows the errors of the rooms too.
 */
export function toDomainError(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  const code = stringMember(error, 'code') ?? stringMember((error as Error | undefined)?.cause, 'code');
  const known = code === undefined ? undefined : DETAILS[code];
  if (known) return new DomainError(known[0], known[1], { cause: error });
  const status = clientStatus(error);
  if (status !== undefined) {
    return new DomainError(BY_STATUS[status] ?? 'bad-request', messageOf(error as Error), { cause: error });
  }
  return new DomainError('internal', 'The service ran into an unexpected error; its log has the details.', {
    cause: error,
  });
}

/** Status of an error that Nest or Fastify raised about the request itself; 503 is the only server error among them. */
function clientStatus(error: unknown): number | undefined {
  const isFastifyError = error instanceof Error && stringMember(error, 'code')?.startsWith('FST_') === true;
  let status: unknown;
  if (error instanceof HttpException) status = error.getStatus();
  else if (isFastifyError) status = (error as { statusCode?: unknown }).statusCode;
  return typeof status === 'number' && ((status >= 400 && status < 500) || status === 503) ? status : undefined;
}

function messageOf(error: Error): string {
  const response: unknown = error instanceof HttpException ? error.getResponse() : undefined;
  const messages = (response as { message?: unknown } | undefined)?.message;
  return Array.isArray(messages) ? messages.join('; ') : error.message;
}

function stringMember(value: unknown, name: string): string | undefined {
  const member: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  return typeof member === 'string' ? member : undefined;
}
