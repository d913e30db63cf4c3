import { runMigrations as runQueueMigrations } from 'bullmq';
import pg, { type ClientConfig } from 'pg';
import type { DataSource } from 'typeorm';
import { SCHEMA } from './data-source.js';

/** One lock for all migrations of this service: `SLUC` in ASCII. */
const MIGRATION_LOCK = 0x534c5543;

/**
 * Brings the schema up to date: ours, then BullMQ's. Nodes that start together take turns by an advisory lock; the
 * later ones find nothing to do. The lock lives in a session, so a node that dies while migrating releases it.
 */
export async function migrate(connection: ClientConfig, dataSource: DataSource): Promise<void> {
  const client = new pg.Client(connection);
  // A connection that breaks between two statements says so by this event; the next statement on it fails.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${SCHEMA}`);
    if (!dataSource.isInitialized) await dataSource.initialize();
    await dataSource.runMigrations({ transaction: 'all' });
    await runQueueMigrations(client);
  } finally {
    await client.end();
  }
}
