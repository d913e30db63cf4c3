import { OutgoingError } from '../../outgoing/outgoing-error.js';
import { StorageError } from '../storage-error.js';

interface GitError {
  readonly code?: string;
  readonly data?: { readonly statusCode?: number };
}

/**
 * What an error of the git library means. Its own messages may hold URLs with credentials, so that neither they nor the
 * error itself are passed on.
 */
export function gitFault(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const subject = 'The repository';
  const { code, data } = error as GitError;
  if (error instanceof OutgoingError && error.fault === 'too-large') {
    return new StorageError('too-large', subject, { detail: 'is larger than what is fetched' });
  }
  if (error instanceof OutgoingError && error.fault === 'address') {
    const detail = 'lies at an address that this service does not connect to (ALLOW_PRIVATE_STORAGE)';
    return new StorageError('misconfigured', subject, { detail });
  }
  if (code === 'HttpError') {
    const status = data?.statusCode ?? 0;
    if (status === 401 || status === 403) return new StorageError('forbidden', subject);
    if (status === 429 || status >= 500) return new StorageError('unavailable', subject);
    return new StorageError('misconfigured', subject, { detail: `cannot be read: its server answers ${status}` });
  }
  if (code === 'UserCanceledError') return new StorageError('forbidden', subject);
  if (code === 'NotFoundError') {
    return new StorageError('misconfigured', subject, { detail: 'has no such branch, tag or commit, or is none' });
  }
  if (code === 'SmartHttpError' || code === 'ParseError') {
    return new StorageError('misconfigured', subject, { detail: 'does not speak the protocol of git over HTTP' });
  }
  return new StorageError('unavailable', subject, {
    detail: `cannot be read at the moment${code ? ` (${code})` : ''}`,
  });
}
