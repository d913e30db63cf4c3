import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The longest path of a unix socket, in bytes, that every supported system takes (macOS: 104 with the closing NUL). */
const LONGEST_SOCKET_PATH = 103;

/** Directories for temporary files, the system's own first; on macOS that one is already long. */
export const TEMPORARY_DIRECTORIES = [...new Set([tmpdir(), '/tmp'])];

/** Whether a path is short enough for the address of a unix socket. */
export function fitsSocket(path: string): boolean {
  return Buffer.byteLength(path) <= LONGEST_SOCKET_PATH;
}

/**
 * Calls `use` with a path of the socket `directory/name` that is short enough to bind or connect to: the path itself,
 * or one that leads there through a symbolic link in a private temporary directory. The limit concerns the text, not
 * the place.
 */
export async function withShortPath<T>(directory: string, name: string, use: (path: string) => Promise<T>): Promise<T> {
  const path = join(directory, name);
  if (fitsSocket(path)) return use(path);
  const base =
    TEMPORARY_DIRECTORIES.find((candidate) => fitsSocket(join(candidate, 'sluice-XXXXXX', 'd', name))) ?? '/tmp';
  const detour = await mkdtemp(join(base, 'sluice-'));
  try {
    await symlink(directory, join(detour, 'd'));
    return await use(join(detour, 'd', name));
  } finally {
    await rm(detour, { recursive: true, force: true });
  }
}
