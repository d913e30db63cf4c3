import { open } from 'node:fs/promises';

/** Returns when the content of a file, or the entries of a directory, would survive a loss of power. */
export async function syncToDisk(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
