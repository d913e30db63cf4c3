import { OutgoingError } from '../../outgoing/outgoing-error.js';
import { StorageError, type StorageFault } from '../storage-error.js';

/** What went wrong before there was an answer, or within one. */
export function httpFault(error: unknown, key: string): StorageError {
  if (error instanceof StorageError) return error;
  const outgoing = OutgoingError.from(error);
  if (outgoing.fault !== 'address') return new StorageError('unavailable', key, { cause: error });
  const detail = 'lies at an address that this service does not connect to (ALLOW_PRIVATE_STORAGE)';
  return new StorageError('misconfigured', key, { cause: error, detail });
}

/** What an HTTP status means for an object; undefined for success. */
export function statusFault(status: number): StorageFault | undefined {
  if (status === 200 || status === 206) return undefined;
  if (status === 404 || status === 410) return 'not-found';
  if (status === 401 || status === 403) return 'forbidden';
  if (status === 408 || status === 429 || status >= 500) return 'unavailable';
  return 'misconfigured';
}
