import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Worker } from 'bullmq';
import { Dispatcher } from '../../src/queues/dispatcher.js';
import { entryId, JOB_QUEUE } from '../../src/queues/job-queue.js';
import { DueJobs } from '../../src/queues/supervision/due-jobs.js';
import { MissingEntries } from '../../src/queues/supervision/missing-entries.js';
import { RedisServer, eventually, testedBackends } from '../harness/backends.js';
import { type TestDatabase, TestDatabases } from '../harness/database.js';
import { TestQueue } from '../harness/job-queue.js';

jest.setTimeout(60_000);

let databases: TestDatabases;

beforeAll(async () => {
  databases = await TestDatabases.start();
});
afterAll(() => databases.close());

describe.each(testedBackends())('dispatching to a queue on %s', (backend) => {
  let redis: RedisServer | undefined;
  let store: TestDatabase;
  let queue: TestQueue;
  let dispatcher: Dispatcher;
  let missing: MissingEntries;

  beforeEach(async () => {
    redis = backend === 'redis' ? await RedisServer.start() : undefined;
    store = await databases.open(redis && { REDIS_URL: redis.url });
    queue = await TestQueue.open(store);
    dispatcher = new Dispatcher(queue.queue);
    dispatcher.onModuleInit();
    missing = new MissingEntries(store.recovery, store.taskRecovery, dispatcher, queue.queue);
  });
  afterEach(async () => {
    await queue.close();
    await redis?.down();
  });

  const first = (ids: readonly string[]) => ids.map((id) => entryId(id, 1)).sort();

  /** Takes the queue away, as a crash does: Redis forgets everything, PostgreSQL nothing. */
  const takeAway = () => (redis ? redis.down() : databases.server.crash());
  const bringBack = () => (redis ? redis.up() : databases.server.up());

  it('sends a burst in batches, and a single job at once', async () => {
    const [single, bulk] = [jest.spyOn(queue.queue, 'add'), jest.spyOn(queue.queue, 'addBulk')];
    const ids = Array.from({ length: 1_200 }, () => crypto.randomUUID());
    for (const id of ids) dispatcher.dispatch({ id, dispatches: 1 });
    await dispatcher.flush();
    expect((await queue.waiting()).sort()).toEqual(first(ids));
    expect(single).toHaveBeenCalledTimes(1);
    expect(bulk).toHaveBeenCalledTimes(3);
  });

  it('puts a job on the queue once, however often the same dispatch is repeated', async () => {
    const id = crypto.randomUUID();
    for (let n = 0; n < 3; n += 1) {
      dispatcher.dispatch({ id, dispatches: 1 });
      dispatcher.dispatch({ id, dispatches: 1 });
      await dispatcher.flush();
    }
    expect(await queue.waiting()).toEqual([entryId(id, 1)]);
  });

  it('puts a job on the queue again although its finished entry is still there', async () => {
    const id = crypto.randomUUID();
    dispatcher.dispatch({ id, dispatches: 1 });
    await dispatcher.flush();
    const worker = new Worker(JOB_QUEUE, () => Promise.resolve(), { connection: queue.connection.options });
    worker.on('error', () => undefined);
    await eventually(
      async () => ((await queue.queue.getJobState(entryId(id, 1))) === 'completed' ? true : undefined),
      'the first entry is finished',
    );
    await worker.close();
    dispatcher.dispatch({ id, dispatches: 1 });
    await dispatcher.flush();
    expect(await queue.waiting()).toEqual([]);

    dispatcher.dispatch({ id, dispatches: 2 });
    await dispatcher.flush();
    expect(await queue.waiting()).toEqual([entryId(id, 2)]);
  });

  it('gives waiting jobs without an entry a new one, and leaves the others alone', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 6; n += 1) ids.push(await store.accepted());
    const [known, forgotten] = [ids.slice(0, 3), ids.slice(3)];
    for (const id of known) dispatcher.dispatch({ id, dispatches: 1 });
    await dispatcher.flush();
    await store.age(ids);
    const fresh = await store.accepted();
    const running = await store.claimed();
    await store.age([running.id]);

    await missing.dispatch();
    await dispatcher.flush();
    const expected = [...first(known), ...forgotten.map((id) => entryId(id, 2))].sort();
    expect((await queue.waiting()).sort()).toEqual(expected);
    expect(await queue.waiting()).not.toContain(entryId(fresh, 1));

    // Everything has its entry now: a second look changes nothing.
    await missing.dispatch();
    await dispatcher.flush();
    expect((await queue.waiting()).sort()).toEqual(expected);
  });

  it('brings forward the entries of jobs that need not wait, which a node with a wrong clock has put off', async () => {
    const [waits, due, sleeps] = [await store.accepted(), await store.accepted(), await store.accepted()];
    await store.query(`UPDATE job SET due_at = now() - interval '1 minute' WHERE id = $1`, [due]);
    await store.query(`UPDATE job SET due_at = now() + interval '1 hour' WHERE id = $1`, [sleeps]);
    for (const id of [waits, due, sleeps]) dispatcher.dispatch({ id, dispatches: 1 }, 7_200_000);
    await dispatcher.flush();
    await store.age([waits, due, sleeps]);

    await missing.dispatch();
    await new DueJobs(store.recovery, store.cancellation, dispatcher, queue.queue).wake();
    await dispatcher.flush();
    expect((await queue.waiting()).sort()).toEqual(first([waits, due]));
    expect(await queue.queue.getJobState(entryId(sleeps, 1))).toBe('delayed');
  });

  it('looks at a limited number of waiting jobs at a time, and at all of them in the end', async () => {
    const waiting = 2_100;
    await store.query(
      `INSERT INTO job (id, process_id, process_version, state_type, state_name, inputs, response, updated_at)
       SELECT gen_random_uuid(), 'a-process', '1.0.0', 'SCHEDULED', 'Scheduled', '{}', '{}', now() - interval '1 minute'
       FROM generate_series(1, $1)`,
      [waiting],
    );
    expect(await missing.dispatch()).toBe(true);
    await dispatcher.flush();
    const firstTurn = (await queue.waiting()).length;
    expect(firstTurn).toBeGreaterThan(0);
    expect(firstTurn).toBeLessThan(waiting);

    while (await missing.dispatch());
    await dispatcher.flush();
    expect(new Set((await queue.waiting()).map((id) => id.slice(0, 36))).size).toBe(waiting);
  });

  it('loses no job while the queue is away: the supervisor dispatches what waits without an entry', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 3; n += 1) ids.push(await store.accepted());
    await takeAway();
    for (const id of ids) dispatcher.dispatch({ id, dispatches: 1 });
    await bringBack();
    await dispatcher.flush();
    await eventually(
      () =>
        store.age(ids).then(
          () => true,
          () => undefined,
        ),
      'the database is back',
    );

    const jobsOnQueue = async () => new Set((await queue.waiting()).map((id) => id.slice(0, 36)));
    await eventually(async () => {
      await missing.dispatch().catch(() => undefined);
      await dispatcher.flush();
      return (await jobsOnQueue().catch(() => new Set())).size === ids.length || undefined;
    }, 'every job is on the queue');
    expect([...(await jobsOnQueue())].sort()).toEqual(ids.sort());
  });

  it('does not keep a shutdown waiting for a queue that is away', async () => {
    await takeAway();
    try {
      dispatcher.dispatch({ id: crypto.randomUUID(), dispatches: 1 });
      await dispatcher.flush();
    } finally {
      await bringBack();
    }
  });
});
