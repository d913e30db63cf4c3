import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFile, readdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { EmbeddedConnection } from '../../src/database/embedded/connection-file.js';
import { EmbeddedOwner, parentOf, postmasterOf, query } from './embedded-postgres.js';
import { temporaryDirectory } from './temporary-directory.js';

/** A PostgreSQL of a test's own, for several nodes at once; it can be crashed and started again under the same URLs. */
export class PostgresServer {
  private readonly place = temporaryDirectory('pg');
  private frozen: readonly number[] = [];
  private running: { readonly owner: EmbeddedOwner; readonly connection: EmbeddedConnection } | undefined;

  static async start(): Promise<PostgresServer> {
    const server = new PostgresServer();
    await server.up();
    return server;
  }

  /** Makes an empty database. @returns its DATABASE_URL */
  async createDatabase(): Promise<string> {
    if (this.running === undefined) throw new Error('the PostgreSQL of this test is down');
    const { connection } = this.running;
    const { user, password, host, port } = connection;
    const name = `test_${randomBytes(6).toString('hex')}`;
    await query(connection, `CREATE DATABASE ${name}`);
    return `postgresql://${user}:${password}@${encodeURIComponent(host)}:${port}/${name}`;
  }

  async up(): Promise<void> {
    if (this.running !== undefined) return;
    const owner = EmbeddedOwner.launch(this.place.path);
    this.running = { owner, connection: (await owner.connection()) as EmbeddedConnection };
  }

  /** Takes it away as a crash does: every connection is cut, nothing is written back. It stays away until {@link up}. */
  async crash(): Promise<void> {
    if (this.running === undefined) return;
    const { owner } = this.running;
    this.running = undefined;
    process.kill(await postmasterOf(this.place.path), 'SIGQUIT');
    // Its owner would start it again.
    await owner.kill();
  }

  /**
   * Moves the write-ahead log of a server that is down to a directory, as `initdb --waldir` does; from then on none of it is
   * ever removed, as with an archive that cannot be reached.
   */
  async moveLog(directory: string): Promise<void> {
    const cluster = join(this.place.path, 'cluster');
    const log = join(cluster, 'pg_wal');
    // With the owners: the server's account is not the one of a test that is run by root.
    execFileSync('cp', ['-a', `${log}/.`, directory]);
    await rm(log, { recursive: true });
    await symlink(directory, log);
    await appendFile(join(cluster, 'postgresql.conf'), "wal_keep_size = '1TB'\n");
  }

  /** Stops all its processes in their tracks: connections stay open, and nothing is answered until {@link thaw}. */
  async freeze(): Promise<void> {
    const postmaster = await postmasterOf(this.place.path);
    // First, so that it starts no other.
    signal(postmaster, 'SIGSTOP');
    this.frozen = [postmaster, ...(await childrenOf(postmaster))];
    for (const pid of this.frozen) signal(pid, 'SIGSTOP');
  }

  /** Lets it go on from where it was. */
  thaw(): void {
    for (const pid of this.frozen) signal(pid, 'SIGCONT');
    this.frozen = [];
  }

  async remove(): Promise<void> {
    this.thaw();
    await this.running?.owner.stop();
    this.place.remove();
  }
}

async function childrenOf(pid: number): Promise<number[]> {
  const children: number[] = [];
  for (const name of await readdir('/proc')) {
    if (/^\d+$/.test(name) && (await parentOf(Number(name)).catch(() => undefined)) === pid)
      children.push(Number(name));
  }
  return children;
}

/** To a process that may have ended just now, as the one of a closed connection. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
