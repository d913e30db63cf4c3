import { createHash } from 'node:crypto';
import { chown, lstat, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'node:net';
import { once } from 'node:events';
import type { EmbeddedLayout } from './embedded-layout.js';
import { makeServerDirectory, type ServerAccount } from './server-account.js';
import { fitsSocket, TEMPORARY_DIRECTORIES } from './short-path.js';

/** Names the socket only: the server listens on no network. */
export const SERVER_PORT = 5432;

/** The path of the server's socket in a directory; PostgreSQL makes the name from its port. */
export function socketPath(directory: string): string {
  return join(directory, `.s.PGSQL.${SERVER_PORT}`);
}

/**
 * Provides the directory of the server's unix socket, which nobody but the server's account may enter: `socket` in the
 * data directory, or one below the temporary directory when that path is too long for a socket. The latter's name is
 * always the same for the same data directory, so that clients find it again after a restart, unless somebody else took
 * the name.
 */
export async function prepareSocketDirectory(layout: EmbeddedLayout, account: ServerAccount): Promise<string> {
  if (fitsSocket(socketPath(layout.socket))) {
    await makeServerDirectory(layout.socket, account);
    return layout.socket;
  }
  const name = `sluice-${createHash('sha256').update(`${account.uid}:${layout.root}`).digest('hex').slice(0, 16)}`;
  const base = TEMPORARY_DIRECTORIES.find((candidate) => fitsSocket(socketPath(join(candidate, name)))) ?? '/tmp';
  const path = join(base, name);
  await makeServerDirectory(path, account);
  const found = await lstat(path);
  if (found.isDirectory() && found.uid === account.uid && (found.mode & 0o077) === 0) return path;
  const other = await mkdtemp(join(base, 'sluice-'));
  if (account.identity.uid !== undefined) await chown(other, account.uid, account.gid);
  return other;
}

/** Removes the directory when it is one outside of the data directory, for which nobody else would care. */
export async function removeSocketDirectory(layout: EmbeddedLayout, directory: string): Promise<void> {
  if (directory !== layout.socket) await rm(directory, { recursive: true, force: true });
}

/** Whether some server accepts connections on the socket in this directory. */
export async function answers(directory: string): Promise<boolean> {
  const socket = connect(socketPath(directory));
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(1_000) });
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
