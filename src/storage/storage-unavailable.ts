import type { ProblemCode } from '../ogc/problems/problem-catalog.js';
import { DomainError } from '../ogc/problems/domain-error.js';
import { StorageError } from './storage-error.js';

/** Seconds after which a client may try again. */
const RETRY_AFTER = 10;

/** Why a storage cannot be opened. */
const BLOCK_FAULTS: ReadonlySet<string> = new Set<ProblemCode>(['no-such-block', 'block-unusable']);

/** What the disk of this machine says when it cannot take more. */
const DISK_FAULTS: Readonly<Record<string, string>> = {
  ENOSPC: 'has no space left',
  EDQUOT: 'has no space left',
  EROFS: 'can only be read',
};

/**
 * Says the failure of a storage, or of the disk behind DATA_DIR, in the words of the catalog. Other errors come back as
 * they are.
 */
export function storageFailure(error: unknown): unknown {
  if (error instanceof StorageError) {
    const retry = error.isPassing && { retryAfter: RETRY_AFTER };
    return new DomainError('storage-unavailable', `In the storage of the files, ${error.message}.`, {
      ...retry,
      cause: error,
    });
  }
  if (error instanceof DomainError && BLOCK_FAULTS.has(error.code)) {
    return new DomainError('storage-unavailable', `The storage of the files cannot be used: ${error.message}`, {
      cause: error,
    });
  }
  const disk = DISK_FAULTS[(error as NodeJS.ErrnoException | undefined)?.code ?? ''];
  if (disk === undefined) return error;
  return new DomainError('storage-unavailable', `The disk of the service ${disk}.`, {
    retryAfter: RETRY_AFTER,
    cause: error,
  });
}

/** Whether a file that was kept is not there any more, in a storage or on the disk. */
export function isFileGone(error: unknown): boolean {
  if (error instanceof StorageError) return error.fault === 'not-found';
  return (error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
}
