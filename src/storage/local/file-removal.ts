import { rmdir, unlink } from 'node:fs/promises';
import type { OpenDirectory } from './open-directory.js';
import { isPartial } from './partial-file.js';

/** Somebody else was faster, or puts something there at this moment. */
const HARMLESS = new Set(['ENOENT', 'ENOTEMPTY', 'EEXIST']);

/**
 * Removes the entries of a directory whose names begin with something, and all that is below them. Links are removed
 * and not followed. Partial files go only where everything does.
 */
export async function removeEntries(directory: OpenDirectory, beginning: string): Promise<void> {
  for (const entry of await directory.entries()) {
    if (!entry.name.startsWith(beginning) || (beginning !== '' && isPartial(entry.name))) continue;
    try {
      if (entry.isDirectory()) await removeDirectory(directory, entry.name);
      else await unlink(directory.at(entry.name));
    } catch (error) {
      if (!HARMLESS.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
}

async function removeDirectory(parent: OpenDirectory, name: string): Promise<void> {
  const directory = await parent.child(name);
  try {
    await removeEntries(directory, '');
  } finally {
    await directory.close();
  }
  await rmdir(parent.at(name));
}
