import { OutgoingError } from '../../outgoing/outgoing-error.js';
import { StorageError, type StorageFault } from '../storage-error.js';

/** What the SDK throws: errors of the service with its code as their name, or errors of the connection. */
interface S3Error {
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
  readonly cause?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

const NO_BUCKET = 'lies in a bucket that does not exist';
const NO_CREDENTIALS = 'lies in a storage for which no credentials were found';

const BY_NAME: Readonly<Record<string, readonly [StorageFault, string?]>> = {
  NoSuchKey: ['not-found'],
  NotFound: ['not-found'],
  NoSuchBucket: ['misconfigured', NO_BUCKET],
  PermanentRedirect: ['misconfigured', 'lies in a bucket of another region'],
  AuthorizationHeaderMalformed: ['misconfigured', 'lies in a storage that is configured with another region'],
  CredentialsProviderError: ['misconfigured', NO_CREDENTIALS],
  InvalidAccessKeyId: ['forbidden'],
  SignatureDoesNotMatch: ['forbidden'],
  ExpiredToken: ['forbidden'],
  RequestTimeTooSkewed: ['misconfigured', 'lies in a storage whose clock differs from that of this machine'],
  EntityTooLarge: ['too-large'],
  PreconditionFailed: ['exists'],
  ConditionalRequestConflict: ['exists'],
  RequestTimeout: ['unavailable'],
  SlowDown: ['unavailable'],
  TimeoutError: ['unavailable', 'lies in a storage that does not answer in time'],
};

const BY_STATUS: Readonly<Record<number, StorageFault>> = {
  401: 'forbidden',
  403: 'forbidden',
  404: 'not-found',
  409: 'exists',
  412: 'exists',
  413: 'too-large',
  429: 'unavailable',
  501: 'unsupported',
};

/** Certificates that do not fit will not do so a little later. */
const TLS = /^(?:ERR_TLS_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_SSL_|EPROTO$)/;

/** What an error of the SDK means for a key. */
export function s3Fault(error: unknown, key: string): StorageError {
  if (error instanceof StorageError) return error;
  const [fault, detail] = faultOf(error as S3Error);
  return new StorageError(fault, key, { cause: error, detail });
}

export function statusOf(error: unknown): number | undefined {
  return (error as S3Error).$metadata?.httpStatusCode;
}

function faultOf(error: S3Error): readonly [StorageFault, string?] {
  if (isAddressRefused(error)) {
    return ['misconfigured', 'lies at an address that this service does not connect to (ALLOW_PRIVATE_STORAGE)'];
  }
  const named = BY_NAME[error.name ?? ''];
  if (named !== undefined) return named;
  if (TLS.test(error.code ?? '')) return ['misconfigured', 'lies in a storage whose certificate is not accepted'];
  if (/exceeded \d+ parts/i.test(error.message ?? '')) return ['too-large'];
  const status = error.$metadata?.httpStatusCode;
  if (status === undefined || status < 300) return ['unavailable'];
  return [BY_STATUS[status] ?? (status >= 500 ? 'unavailable' : 'misconfigured')];
}

function isAddressRefused(error: unknown): boolean {
  if (error instanceof OutgoingError) return error.fault === 'address';
  const { cause } = (error ?? {}) as S3Error;
  return cause !== undefined && isAddressRefused(cause);
}
