import { constants, link, lstat, open, rename, unlink } from 'node:fs/promises';
import type { IncomingContent } from '../incoming-content.js';
import type { StoredObject } from '../storage.js';
import { StorageError } from '../storage-error.js';
import { describeFile } from './file-description.js';
import type { OpenDirectory } from './open-directory.js';

/** How a partial file comes into being. */
export interface PartialFile {
  /** Makes it; nothing is lost when this fails. */
  begin(path: string): Promise<void>;
  /** Gives it its whole content, and makes that durable. */
  complete(path: string): Promise<void>;
  /** Takes it away after a failure. */
  undo(path: string): Promise<void>;
}

/** A partial file with content that is still to come. */
export function writtenFile(content: IncomingContent): PartialFile {
  return {
    async begin(path) {
      await (await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL)).close();
    },
    async complete(path) {
      const file = await open(path, constants.O_WRONLY | constants.O_NOFOLLOW);
      try {
        // One chunk is written while the next is read.
        let written = Promise.resolve();
        for await (const chunk of content) {
          await written;
          written = file.writeFile(chunk);
          written.catch(() => undefined);
        }
        await written;
        await file.sync();
      } finally {
        await file.close();
      }
    },
    async undo(path) {
      await unlink(path);
    },
  };
}

/** A partial file that was a file elsewhere in the same file system, and is brought back on failure. */
export function movedFile(origin: string): PartialFile {
  return {
    begin: async (path) => await rename(origin, path),
    async complete(path) {
      const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      try {
        if (!(await file.stat()).isFile()) throw Object.assign(new Error('no regular file'), { code: 'EPERM' });
        await file.sync();
      } finally {
        await file.close();
      }
    },
    undo: async (path) => await rename(path, origin),
  };
}

/** @throws StorageError when an entry may not be replaced by a file */
export async function refuseTarget(path: string, key: string, overwrite: boolean): Promise<void> {
  try {
    describeFile(key, await lstat(path, { bigint: true }));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    if (!(error instanceof StorageError) || error.fault !== 'not-found') throw error;
    throw new StorageError('invalid-key', key, { detail: 'is a directory: other keys lie below it' });
  }
  if (!overwrite) throw new StorageError('exists', key);
}

/** Moves a complete partial file to its place, in one step, and makes that durable. */
export async function publish(
  directory: OpenDirectory,
  partial: string,
  name: string,
  key: string,
  overwrite: boolean,
): Promise<StoredObject> {
  const from = directory.at(partial);
  const to = directory.at(name);
  const stored = describeFile(key, await lstat(from, { bigint: true }));
  if (overwrite) {
    await rename(from, to);
  } else {
    await link(from, to);
    await unlink(from);
  }
  await directory.sync();
  return stored;
}
