import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import pg, { type ClientConfig } from 'pg';
import type { DataSource } from 'typeorm';
import { MIGRATIONS } from '../../migrations/index.js';
import { DATABASE_CONTENTS } from '../../src/database-contents.js';
import { createDataSource } from '../../src/database/data-source.js';
import { migrate, NewerDatabaseError } from '../../src/database/migrate.js';
import { eventually } from '../harness/backends.js';
import { query } from '../harness/embedded-postgres.js';
import { PostgresServer } from '../harness/postgres.js';

jest.setTimeout(60_000);

/** `SLUC` in ASCII: the advisory lock of whoever migrates. */
const MIGRATION_LOCK = 0x534c5543;

let postgres: PostgresServer;
let connection: ClientConfig;
const dataSources: DataSource[] = [];

/** One node's own data source on the database of this test. */
function node(): DataSource {
  const dataSource = createDataSource(connection, DATABASE_CONTENTS, 2);
  dataSources.push(dataSource);
  return dataSource;
}

/** Everything a migration can change, in a form that compares. */
async function schema(): Promise<unknown> {
  return {
    columns: await query(
      connection,
      `SELECT table_schema, table_name, column_name, data_type, is_nullable, column_default
       FROM information_schema.columns WHERE table_schema IN ('sluice', 'bullmq') ORDER BY 1, 2, 3`,
    ),
    indexes: await query(
      connection,
      `SELECT schemaname, indexdef FROM pg_indexes WHERE schemaname IN ('sluice', 'bullmq') ORDER BY 1, 2`,
    ),
    functions: await query(
      connection,
      `SELECT p.oid::regprocedure::text AS name, md5(prosrc) AS body FROM pg_proc p
       WHERE pronamespace = to_regnamespace('bullmq') ORDER BY 1`,
    ),
    migrations: await query(connection, 'SELECT * FROM sluice.migration ORDER BY id'),
  };
}

async function tables(name: string): Promise<string[]> {
  const rows = await query<{ tablename: string }>(
    connection,
    `SELECT tablename FROM pg_tables WHERE schemaname = '${name}' ORDER BY 1`,
  );
  return rows.map(({ tablename }) => tablename);
}

async function applied(): Promise<string[]> {
  const rows = await query<{ name: string }>(connection, 'SELECT name FROM sluice.migration ORDER BY id');
  return rows.map(({ name }) => name);
}

const NAMES = MIGRATIONS.map((migration) => new migration().name);

beforeAll(async () => {
  Logger.overrideLogger(false);
  postgres = await PostgresServer.start();
});
beforeEach(async () => {
  connection = { connectionString: await postgres.createDatabase() };
});
afterEach(async () => {
  for (const dataSource of dataSources.splice(0)) if (dataSource.isInitialized) await dataSource.destroy();
});
afterAll(() => postgres.remove());

describe('migrate', () => {
  it('gives an empty database the tables of the service and those of the queue', async () => {
    const dataSource = node();
    await migrate(connection, dataSource);

    const ours = dataSource.entityMetadatas.map(({ tableName }) => tableName);
    expect(await tables('sluice')).toEqual([...ours, 'migration'].sort());
    expect(await tables('bullmq')).toContain('job');
    expect(await tables('public')).toEqual([]);
    expect(await applied()).toEqual(NAMES);
  });

  it('changes nothing the second time', async () => {
    await migrate(connection, node());
    const before = await schema();
    await migrate(connection, node());
    expect(await schema()).toEqual(before);
  });

  it('39 old client guard: refuses a database that a newer version has migrated, names what it does not know, and changes nothing', async () => {
    await migrate(connection, node());
    await query(connection, `DELETE FROM sluice.migration WHERE name = '${NAMES.at(-1)}'`);
    await query(
      connection,
      `INSERT INTO sluice.migration (timestamp, name) VALUES (4102444800000, 'Later4102444800000')`,
    );
    const before = await schema();

    const refused = migrate(connection, node());
    await expect(refused).rejects.toBeInstanceOf(NewerDatabaseError);
    await expect(refused).rejects.toThrow(/newer version of Sluice: it has Later4102444800000, which/);
    expect(await schema()).toEqual(before);
  });

  it('leaves no difference between the entities and the migrated tables', async () => {
    const dataSource = node();
    await migrate(connection, dataSource);
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    expect(upQueries.map((up) => up.query)).toEqual([]);
  });

  it('can be taken back, migration by migration, and done again', async () => {
    const dataSource = node();
    await migrate(connection, dataSource);
    const before = await schema();
    for (const _ of MIGRATIONS) await dataSource.undoLastMigration({ transaction: 'all' });
    expect(await tables('sluice')).toEqual(['migration']);

    await migrate(connection, node());
    const { migrations: _, ...again } = (await schema()) as Record<string, unknown>;
    expect(before).toMatchObject(again);
  });

  it('lets nodes that start at once take turns: each migration is applied once', async () => {
    const nodes = [node(), node(), node(), node()];
    await Promise.all(nodes.map((dataSource) => migrate(connection, dataSource)));
    expect(await applied()).toEqual(NAMES);
    for (const dataSource of nodes) await expect(dataSource.query('SELECT 1 FROM job')).resolves.toEqual([]);
  });

  it('frees the way when a node dies while it migrates', async () => {
    // An uncommitted table of the same name stops the first node in the middle of its first migration.
    const obstacle = new pg.Client(connection);
    await obstacle.connect();
    await obstacle.query('CREATE SCHEMA sluice');
    await obstacle.query('BEGIN');
    await obstacle.query('CREATE TABLE sluice.job ()');
    const first = migrate(connection, node()).then(
      () => 'migrated',
      () => 'died',
    );
    const sessions = await eventually(async () => {
      const [row] = await query<{ pids: number[] }>(
        connection,
        `SELECT array_agg(pid) AS pids FROM pg_stat_activity WHERE datname = current_database() AND (
           pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = ${MIGRATION_LOCK} AND granted)
           OR query LIKE 'CREATE TABLE "job"%' AND wait_event_type = 'Lock')`,
      );
      return row.pids?.length === 2 ? row.pids : undefined;
    }, 'the first node holds the lock and is stuck in its first migration');
    const second = migrate(connection, node());
    await eventually(async () => {
      const waiting = await query(
        connection,
        `SELECT 1 FROM pg_locks WHERE objid = ${MIGRATION_LOCK} AND NOT granted
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      );
      return waiting[0];
    }, 'the second node waits for its turn');

    await query(connection, `SELECT pg_terminate_backend(pid) FROM unnest(ARRAY[${sessions.join()}]) AS pid`);
    expect(await first).toBe('died');
    await obstacle.query('ROLLBACK');
    await obstacle.end();
    await second;
    expect(await applied()).toEqual(NAMES);
  });
});
