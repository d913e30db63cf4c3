import { StorageError, type StorageFault } from '../storage-error.js';

const IS_DIRECTORY = 'is a directory: other keys lie below it';
const NOT_ALLOWED = 'may not be accessed by the user that runs the service';
const NO_SPACE = 'cannot be stored: no space is left';

const FAULTS: Readonly<Record<string, readonly [StorageFault, string?]>> = {
  ENOENT: ['not-found'],
  ENOTDIR: ['invalid-key', 'lies below a key, which a file system cannot do'],
  EISDIR: ['invalid-key', IS_DIRECTORY],
  ENOTEMPTY: ['invalid-key', IS_DIRECTORY],
  ELOOP: ['forbidden', 'is a symbolic link, which is not followed'],
  EEXIST: ['exists'],
  EACCES: ['forbidden', NOT_ALLOWED],
  EPERM: ['forbidden', NOT_ALLOWED],
  EROFS: ['read-only', 'lies in a file system that can only be read'],
  EFBIG: ['too-large'],
  ENAMETOOLONG: ['invalid-key', 'is longer than the file system takes'],
  ENOSPC: ['unavailable', NO_SPACE],
  EDQUOT: ['unavailable', NO_SPACE],
};

/** What an error of the file system means for a key; what is not known may pass. */
export function fileFault(error: unknown, key: string): StorageError {
  if (error instanceof StorageError) return error;
  const [fault, detail] = FAULTS[(error as NodeJS.ErrnoException).code ?? ''] ?? ['unavailable'];
  return new StorageError(fault, key, { cause: error, detail });
}
