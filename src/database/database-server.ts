import { resolve } from 'node:path';
import { Logger } from '@nestjs/common';
import type { ClientConfig } from 'pg';
import type { Settings } from '../config/settings.js';
import { EmbeddedPostgres } from './embedded/embedded-postgres.js';

/**
 * Where the database is: the server named by DATABASE_URL, or the embedded one in DATA_DIR. A worker process beside an
 * API joins the embedded server of that API; every other role owns it.
 */
export class DatabaseServer {
  private constructor(
    readonly connection: ClientConfig,
    private readonly embedded?: EmbeddedPostgres,
  ) {}

  static async open(settings: Settings): Promise<DatabaseServer> {
    if (settings.DATABASE_URL !== undefined) return new DatabaseServer({ connectionString: settings.DATABASE_URL });
    const nest = new Logger('EmbeddedPostgres');
    const options = {
      directory: resolve(settings.DATA_DIR, 'postgres'),
      logger: {
        info: (message: string) => nest.log(message),
        warn: (message: string) => nest.warn(message),
        error: (message: string) => nest.error(message),
      },
    };
    const embedded =
      settings.ROLE === 'worker' ? await EmbeddedPostgres.attach(options) : await EmbeddedPostgres.start(options);
    return new DatabaseServer(embedded.connection, embedded);
  }

  /** Stops the embedded server; a server of somebody else's is left alone. */
  async close(): Promise<void> {
    await this.embedded?.stop();
  }
}
