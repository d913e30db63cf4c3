import type { BigIntStats } from 'node:fs';
import type { StoredObject } from '../storage.js';
import { StorageError } from '../storage-error.js';

/**
 * What there is to know of a file as an object.
 * @throws StorageError `not-found` for a directory, `forbidden` for what is no regular file
 */
export function describeFile(key: string, stats: BigIntStats): StoredObject {
  if (stats.isDirectory()) throw new StorageError('not-found', key);
  if (stats.isSymbolicLink()) {
    throw new StorageError('forbidden', key, { detail: 'is a symbolic link, which is not followed' });
  }
  if (!stats.isFile()) throw new StorageError('forbidden', key, { detail: 'is no regular file' });
  return {
    key,
    size: Number(stats.size),
    modified: stats.mtime,
    etag: [stats.size, stats.mtimeNs, stats.ino].map((number) => number.toString(36)).join('-'),
  };
}
