import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Queue, Worker } from 'bullmq';
import pg from 'pg';
import { QueueConnection } from '../../src/queues/queue-connection.js';
import { type TestDatabase, TestDatabases } from '../harness/database.js';

jest.setTimeout(60_000);

const QUEUE = 'a-queue';

let databases: TestDatabases;
let database: TestDatabase;
let elsewhere: pg.Client;

beforeAll(async () => {
  databases = await TestDatabases.start();
  database = await databases.open();
  const { connectionString } = database.server.connection;
  const other = new URL(connectionString!);
  other.pathname = '/postgres';
  elsewhere = new pg.Client({ connectionString: other.href });
  await elsewhere.connect();
});
afterAll(async () => {
  await elsewhere.end();
  await databases.close();
});

async function letIn(isOpen: boolean): Promise<void> {
  const [{ name }] = await database.query<{ name: string }>('SELECT current_database() AS name');
  await elsewhere.query(`ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS ${isOpen}`);
}

describe('a queue on PostgreSQL', () => {
  it('whose database refuses its first connection works once it lets it in: its queue and its worker', async () => {
    const connection = new QueueConnection(database.settings, database.server, database.database);
    await letIn(false);
    const queue = new Queue(QUEUE, { connection: connection.options });
    const worker = new Worker(QUEUE, async ({ data }) => Promise.resolve(data as string), {
      connection: connection.options,
      runRetryDelay: 50,
      skipStalledCheck: true,
      autorun: false,
    });
    queue.on('error', () => undefined);
    worker.on('error', () => undefined);
    const refused = once(worker, 'error');
    const running = worker.run();
    expect(await refused).toMatchObject([{ message: expect.stringContaining('not currently accepting') }]);
    await expect(queue.add('one', 'early')).rejects.toThrow('not currently accepting');

    await letIn(true);
    const done = once(worker, 'completed');
    await queue.add('one', 'late');
    expect(await done).toMatchObject([{ data: 'late' }, 'late', 'active']);
    expect(await queue.getWorkersCount()).toBe(1);

    await worker.close();
    await running;
    await queue.close();
    await connection.onApplicationShutdown();
  });
});
