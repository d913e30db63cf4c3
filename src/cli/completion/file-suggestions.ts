import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Suggestion } from './suggestion.js';

/**
 * Files and directories that begin as typed; a directory ends with a slash.
 * @param prefix what stands before the path in the word
 */
export async function suggestFiles(prefix: string, path: string): Promise<Suggestion[]> {
  const directory = /\/$/.test(path) ? path : dirname(path);
  const shown = directory === '.' && !path.startsWith('.') ? '' : directory.replace(/\/?$/, '/');
  try {
    const entries = await readdir(directory === '' ? '.' : directory, { withFileTypes: true });
    return entries
      .map((entry) => ({ value: `${prefix}${shown}${entry.name}${entry.isDirectory() ? '/' : ''}` }))
      .sort((one, other) => one.value.localeCompare(other.value));
  } catch {
    return [];
  }
}
