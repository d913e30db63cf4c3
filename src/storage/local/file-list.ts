import type { BigIntStats, Dirent } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { compareKeys, isKey } from '../storage-key.js';
import { OpenDirectory } from './open-directory.js';

interface FoundFile {
  readonly key: string;
  readonly stats: BigIntStats;
}

/** What was removed or exchanged while the list was made is simply not in it. */
const GONE = new Set(['ENOENT', 'ENOTDIR', 'ELOOP']);

/**
 * Walks down a directory in the order of whole keys, with the names of one directory per level in memory. Names that
 * make no key are left out, and with them partial files.
 */
export async function* listFiles(base: string, prefix: string, after?: string): AsyncGenerator<FoundFile> {
  let root: OpenDirectory;
  try {
    root = await OpenDirectory.open(base);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  try {
    yield* walk(root, '', prefix, after);
  } finally {
    await root.close();
  }
}

async function* walk(
  directory: OpenDirectory,
  parent: string,
  prefix: string,
  after: string | undefined,
): AsyncGenerator<FoundFile> {
  for (const entry of inKeyOrder(await directory.entries(), parent)) {
    const isBelow = entry.key.startsWith(prefix) || (entry.isDirectory && prefix.startsWith(entry.key));
    const isBehind =
      after === undefined || compareKeys(entry.key, after) > 0 || (entry.isDirectory && after.startsWith(entry.key));
    if (!isBelow || !isBehind || !isKey(entry.isDirectory ? `${entry.key}x` : entry.key)) continue;
    if (!entry.isDirectory) {
      const stats = await unlessGone(lstat(directory.at(entry.name), { bigint: true }));
      if (stats !== undefined) yield { key: entry.key, stats };
      continue;
    }
    const child = await unlessGone(directory.child(entry.name));
    if (child === undefined) continue;
    try {
      yield* walk(child, entry.key, prefix, after);
    } finally {
      await child.close();
    }
  }
}

/** `a-b` comes before `a/b`, though `a` comes before `a-b`: a directory is sorted by what its keys have in common. */
function inKeyOrder(entries: readonly Dirent[], parent: string) {
  return entries
    .map((entry) => ({ name: entry.name, isDirectory: entry.isDirectory() }))
    .map((entry) => ({ ...entry, key: `${parent}${entry.name}${entry.isDirectory ? '/' : ''}` }))
    .map((entry) => ({ ...entry, bytes: Buffer.from(entry.key) }))
    .sort((a, b) => Buffer.compare(a.bytes, b.bytes));
}

async function unlessGone<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (GONE.has((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
