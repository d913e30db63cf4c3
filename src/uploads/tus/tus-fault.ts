import { ERRORS, TUS_RESUMABLE } from '@tus/utils';
import { DomainError } from '../../ogc/problems/domain-error.js';
import type { ProblemCode } from '../../ogc/problems/problem-catalog.js';

/** Media type of the parts of an upload (tus 1.0). */
export const PART = 'application/offset+octet-stream';

/** What the statuses of the library mean here. */
const CODES: Readonly<Record<number, ProblemCode>> = {
  403: 'bad-request',
  404: 'no-such-upload',
  409: 'upload-conflict',
  410: 'no-such-upload',
  412: 'tus-version',
  413: 'body-too-large',
  // Extensions that are not listed in Tus-Extension: asking for one is the client's fault.
  501: 'bad-request',
};

/** What the words for a fault need to know. */
export interface TusFaultFacts {
  readonly method: string;
  readonly status: number;
  /** what the library threw, if anything */
  readonly fault: unknown;
  /** what the library said */
  readonly text: string;
  /** bytes of MAX_UPLOAD */
  readonly most: number;
  /** bytes that have arrived, where there is such an upload */
  readonly received?: number;
}

/**
 * Refuses what the library takes for any other bad header.
 * @throws DomainError `tus-version`, `unsupported-media-type`
 */
export function checkTusHeaders(method: string, version: unknown, contentType: unknown): void {
  if (method !== 'OPTIONS' && version !== TUS_RESUMABLE) {
    throw new DomainError(
      'tus-version',
      `Send "Tus-Resumable: ${TUS_RESUMABLE}", which is the version that is spoken here.`,
    );
  }
  if (method === 'PATCH' && contentType !== PART) {
    throw new DomainError('unsupported-media-type', `The parts of an upload have the Content-Type ${PART}.`);
  }
}

/** A fault of the library in the words of the catalog. */
export function tusFault(facts: TusFaultFacts): DomainError {
  const { status } = facts;
  const code = CODES[status] ?? (status >= 500 ? 'storage-unavailable' : 'bad-request');
  return new DomainError(code, detailOf(facts), code === 'storage-unavailable' ? { retryAfter: 10 } : {});
}

function detailOf({ method, fault, text, most, received }: TusFaultFacts): string {
  switch (fault) {
    case ERRORS.INVALID_OFFSET:
      if (received === undefined) break;
      return `Of this upload ${received} bytes have arrived; go on with "Upload-Offset: ${received}".`;
    case ERRORS.INVALID_LENGTH:
      if (method !== 'PATCH') return 'Say how long it will be with Upload-Length, or send "Upload-Defer-Length: 1".';
      return `Upload-Length is said once, and is at least what has arrived: ${received ?? 0} bytes.`;
    case ERRORS.ERR_MAX_SIZE_EXCEEDED:
      return `An upload has at most ${most} bytes.`;
    case ERRORS.ERR_SIZE_EXCEEDED:
      return `The part is longer than what is missing of the upload; an upload has at most ${most} bytes.`;
  }
  return text === '' ? 'The request does not follow the tus protocol.' : `${text.replace(/\.$/, '')}.`;
}
