import { randomBytes } from 'node:crypto';
import type { EmbeddedConnection } from '../../src/database/embedded/connection-file.js';
import { EmbeddedOwner, postmasterOf, query } from './embedded-postgres.js';
import { temporaryDirectory } from './temporary-directory.js';

/** A PostgreSQL of a test's own, for several nodes at once; it can be crashed and started again under the same URLs. */
export class PostgresServer {
  private readonly place = temporaryDirectory('pg');
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

  async remove(): Promise<void> {
    await this.running?.owner.stop();
    this.place.remove();
  }
}
