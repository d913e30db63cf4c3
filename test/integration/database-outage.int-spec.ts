import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import { isDatabaseUnavailable } from '../../src/database/database-unavailable.js';
import { Statement } from '../../src/database/statement.js';
import { untilAvailable } from '../../src/database/until-available.js';
import { eventually, freePort } from '../harness/backends.js';
import { type TestDatabase, TestDatabases } from '../harness/database.js';

jest.setTimeout(60_000);

let databases: TestDatabases;
let database: TestDatabase;

beforeAll(async () => {
  databases = await TestDatabases.start();
  database = await databases.open();
});
afterAll(() => databases.close());

async function failureOf(operation: () => Promise<unknown>): Promise<unknown> {
  try {
    await operation();
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
}

/** Connects anew and ends. */
async function connect(config: pg.ClientConfig): Promise<void> {
  const client = new pg.Client(config);
  client.on('error', () => undefined);
  try {
    await client.connect();
  } finally {
    await client.end().catch(() => undefined);
  }
}

const sleep = (seconds: number) =>
  database.database.execute(new Statement(`sleep_${seconds}`, `SELECT pg_sleep(${seconds})`), []);

/** Waits until some session of the data source executes this text. */
async function executes(text: string): Promise<void> {
  await eventually(async () => {
    const rows = await database.query(
      `SELECT 1 FROM pg_stat_activity WHERE application_name = 'sluice' AND state = 'active' AND query = $1`,
      [text],
    );
    return rows[0];
  }, `the database executes ${text}`);
}

describe('a database that is away', () => {
  it('is told from the failure of a query whose connection was cut', async () => {
    const sleeping = failureOf(() => sleep(600));
    await executes('SELECT pg_sleep(600)');
    await database.cut('sluice');
    expect(isDatabaseUnavailable(await sleeping)).toBe(true);
  });

  it('is told from the failure of a query that was interrupted by a crash, and of those that follow', async () => {
    const sleeping = failureOf(() => sleep(601));
    await executes('SELECT pg_sleep(601)');
    await databases.server.crash();
    try {
      expect(isDatabaseUnavailable(await sleeping)).toBe(true);
      expect(isDatabaseUnavailable(await failureOf(() => database.database.ping()))).toBe(true);
      expect(isDatabaseUnavailable(await failureOf(() => database.accepted()))).toBe(true);
      expect(isDatabaseUnavailable(await failureOf(() => database.list.read({}, { limit: 1 })))).toBe(true);
    } finally {
      await databases.server.up();
    }
    await untilAvailable(() => database.database.ping());
  });

  it('is told from a server that takes no connection', async () => {
    const port = await freePort();
    for (const host of ['127.0.0.1', 'localhost', '/nowhere']) {
      expect(isDatabaseUnavailable(await failureOf(() => connect({ host, port })))).toBe(true);
    }
  });

  it('is told from a server that has too many connections', async () => {
    const connectionString = await databases.server.createDatabase();
    await database.query(`ALTER DATABASE ${new URL(connectionString).pathname.slice(1)} CONNECTION LIMIT 1`);
    const only = new pg.Client({ connectionString });
    await only.connect();
    const failure = await failureOf(() => connect({ connectionString }));
    await only.end();
    expect(failure).toMatchObject({ code: '53300' });
    expect(isDatabaseUnavailable(failure)).toBe(true);
  });

  it('is told from a pool that has no connection left', async () => {
    const pool = new pg.Pool({
      connectionString: database.settings.DATABASE_URL,
      max: 1,
      connectionTimeoutMillis: 2_000,
    });
    const only = await pool.connect();
    expect(isDatabaseUnavailable(await failureOf(() => pool.query('SELECT 1')))).toBe(true);
    only.release();
    await pool.end();
    expect(isDatabaseUnavailable(await failureOf(() => pool.query('SELECT 1')))).toBe(true);
  });

  it.each([
    ['a violated constraint', `INSERT INTO job_event (job_id, seq) VALUES (gen_random_uuid(), 1)`],
    ['a missing table', 'SELECT * FROM no_such_table'],
    ['a wrong value', `SELECT 'x'::uuid`],
    ['a time limit', `SET statement_timeout = 1; SELECT pg_sleep(600)`],
    ['a statement for nobody', 'SELEKT 1'],
  ])('is not told from %s', async (_, statement) => {
    expect(isDatabaseUnavailable(await failureOf(() => database.query(statement)))).toBe(false);
  });

  it('is waited for: what is done through an outage is done once it is over', async () => {
    await databases.server.crash();
    const held = untilAvailable(() => database.claimed());
    await databases.server.up();
    const { id } = await held;
    expect(await database.row(id)).toMatchObject({ state_type: 'RUNNING', epoch: 1 });
  });
});
