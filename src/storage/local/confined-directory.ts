import { lstat, mkdir } from 'node:fs/promises';
import { StorageError } from '../storage-error.js';
import { fileFault } from './file-fault.js';
import { OpenDirectory } from './open-directory.js';

export function nameOf(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}

export function parentsOf(key: string): string[] {
  return key.split('/').slice(0, -1);
}

/**
 * Opens the directory in which a key lies, step by step from the base path, without following a link.
 * @throws StorageError `not-found` when there is no way to it
 */
export async function openParent(base: string, key: string): Promise<OpenDirectory> {
  try {
    let directory = await openBase(base);
    for (const name of parentsOf(key)) directory = await stepInto(directory, name, key);
    return directory;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') {
      throw new StorageError('not-found', key, { cause: error });
    }
    throw fileFault(error, key);
  }
}

/** The same, but makes what is missing. Errors of the file system come as they are. */
export async function makeParent(base: string, key: string): Promise<OpenDirectory> {
  await mkdir(base, { recursive: true });
  let directory = await openBase(base);
  for (const name of parentsOf(key)) {
    try {
      await directory.make(name);
    } catch (error) {
      await directory.close();
      throw error;
    }
    directory = await stepInto(directory, name, key);
  }
  return directory;
}

async function openBase(base: string): Promise<OpenDirectory> {
  try {
    return await OpenDirectory.open(base);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTDIR') throw error;
    throw new StorageError('misconfigured', 'The base path', { cause: error, detail: 'is no directory' });
  }
}

async function stepInto(directory: OpenDirectory, name: string, key: string): Promise<OpenDirectory> {
  try {
    return await directory.child(name);
  } catch (error) {
    const stats = await lstat(directory.at(name)).catch(() => undefined);
    if (stats?.isSymbolicLink() !== true) throw error;
    throw new StorageError('forbidden', key, { detail: 'leads through a symbolic link, which is not followed' });
  } finally {
    await directory.close();
  }
}
