import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { runMigrations as runQueueMigrations } from 'bullmq';
import pg, { type ClientConfig } from 'pg';
import type { DataSource } from 'typeorm';
import { SCHEMA } from './data-source.js';
import { isDatabaseUnavailable } from './database-unavailable.js';

/** How long a start waits for the database, and how long between two attempts. Milliseconds. */
const START_PATIENCE = 30_000;
const RETRY_DELAY = 2_000;

const logger = new Logger('Database');

/** The database could not be reached in the time a start waits for it. */
export class DatabaseUnreachableError extends Error {
  constructor(cause: Error) {
    super(
      `The database cannot be reached: ${cause.message}. Check DATABASE_URL and that the server runs; without DATABASE_URL the service brings its own.`,
      { cause },
    );
    this.name = 'DatabaseUnreachableError';
  }
}

/** The tables are those of a later version of the service, which this one would misread. */
export class NewerDatabaseError extends Error {
  /** @param migrations names of those that this version does not know */
  constructor(readonly migrations: readonly string[]) {
    super(
      `The database was migrated by a newer version of Sluice: it has ${migrations.join(', ')}, which this version does not know. ` +
        'Start the newer version, or give this one another database (DATABASE_URL, without it DATA_DIR).',
    );
    this.name = 'NewerDatabaseError';
  }
}

/** One lock for all migrations of this service: `SLUC` in ASCII. */
const MIGRATION_LOCK = 0x534c5543;

/**
 * Brings the schema up to date: ours, then BullMQ's. Nodes that start together take turns by an advisory lock; the
 * later ones find nothing to do. The lock lives in a session, so a node that dies while migrating releases it.
 * @throws NewerDatabaseError for a database that a later version has migrated; nothing is changed then
 */
export async function migrate(connection: ClientConfig, dataSource: DataSource): Promise<void> {
  const client = await connect(connection);
  try {
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${SCHEMA}`);
    if (!dataSource.isInitialized) await dataSource.initialize();
    await assertKnown(client, dataSource);
    await dataSource.runMigrations({ transaction: 'all' });
    await runQueueMigrations(client);
  } finally {
    await client.end();
  }
}

async function assertKnown(client: pg.Client, { migrations, options }: DataSource): Promise<void> {
  const table = `${SCHEMA}.${options.migrationsTableName}`;
  const { rows: found } = await client.query<{ exists: boolean }>('SELECT to_regclass($1) IS NOT NULL AS exists', [
    table,
  ]);
  if (!found[0].exists) return;
  const { rows: applied } = await client.query<{ name: string }>(`SELECT name FROM ${table} ORDER BY id`);
  const known = new Set(migrations.map(({ name }) => name));
  const unknown = applied.map(({ name }) => name).filter((name) => !known.has(name));
  if (unknown.length > 0) throw new NewerDatabaseError(unknown);
}

/**
 * Connects, and waits for a database that is not there yet: service and database may have been started together.
 * @throws DatabaseUnreachableError
 */
async function connect(connection: ClientConfig): Promise<pg.Client> {
  const deadline = Date.now() + START_PATIENCE;
  for (;;) {
    const client = new pg.Client({ ...connection, connectionTimeoutMillis: 5_000 });
    // A connection that breaks between two statements says so by this event; the next statement on it fails.
    client.on('error', () => undefined);
    try {
      await client.connect();
      return client;
    } catch (error) {
      await client.end().catch(() => undefined);
      if (!isDatabaseUnavailable(error)) throw error;
      if (Date.now() > deadline) throw new DatabaseUnreachableError(error as Error);
      logger.warn(`The database does not answer yet: ${(error as Error).message}`);
      await delay(RETRY_DELAY);
    }
  }
}
