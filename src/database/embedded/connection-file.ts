import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { DATABASE, USER } from './cluster.js';
import type { EmbeddedLayout } from './embedded-layout.js';
import { EmbeddedPostgresError, systemCode } from './embedded-postgres-error.js';
import { SERVER_PORT } from './socket-directory.js';

/** How to reach the embedded server; the fields are those of `pg` and of TypeORM's `extra`. */
export interface EmbeddedConnection {
  /** Directory of the unix socket, which `pg` recognizes by its leading slash. */
  readonly host: string;
  /** Part of the socket's name; no network port. */
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** How the service connects to the server whose socket lies in this directory. */
export function connectionTo(socketDirectory: string, password: string): EmbeddedConnection {
  return { host: socketDirectory, port: SERVER_PORT, user: USER, password, database: DATABASE };
}

/** Leaves word for {@link readConnection} where the socket is. */
export async function writeConnectionFile(layout: EmbeddedLayout, socketDirectory: string): Promise<void> {
  const temporary = `${layout.connection}.new`;
  await rm(temporary, { force: true });
  await writeFile(temporary, `${JSON.stringify({ host: socketDirectory })}\n`, { mode: 0o644, flag: 'wx' });
  await rename(temporary, layout.connection);
}

/**
 * Reads the connection to a server that another process of the same user owns.
 * @throws EmbeddedPostgresError when there was never a server in this directory, or it belongs to another user
 */
export async function readConnection(layout: EmbeddedLayout): Promise<EmbeddedConnection> {
  try {
    const { host } = JSON.parse(await readFile(layout.connection, 'utf8')) as { host: string };
    const password = (await readFile(layout.password, 'utf8')).trim();
    return connectionTo(host, password);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') {
      throw new EmbeddedPostgresError(
        `There is no embedded PostgreSQL in ${layout.root} yet. Start the service that owns it first, with the same DATA_DIR, ` +
          `or set DATABASE_URL.`,
        { cause: error },
      );
    }
    throw new EmbeddedPostgresError(
      `The connection to the embedded PostgreSQL in ${layout.root} cannot be read (${(error as Error).message}). ` +
        `Run this process as the user that the service runs as.`,
      { cause: error },
    );
  }
}
