import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'bullmq';
import { Settings } from '../../src/config/settings.js';
import { JobFiles } from '../../src/jobs/job-files.js';
import { Dispatcher } from '../../src/queues/dispatcher.js';
import { entryId, JOB_QUEUE } from '../../src/queues/job-queue.js';
import { Leadership } from '../../src/queues/leadership.js';
import { Supervisor } from '../../src/queues/supervisor.js';
import { LostJobs } from '../../src/queues/supervision/lost-jobs.js';
import { MissingEntries } from '../../src/queues/supervision/missing-entries.js';
import { Retention } from '../../src/queues/supervision/retention.js';
import { eventually, RedisServer, testedBackends } from '../harness/backends.js';
import { type TestDatabase, TestDatabases } from '../harness/database.js';
import { TestQueue } from '../harness/job-queue.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

jest.setTimeout(60_000);

const place = temporaryDirectory('supervision');
let databases: TestDatabases;
let store: TestDatabase;
let queue: TestQueue;
let redis: RedisServer | undefined;
let dispatcher: Dispatcher;
let lostJobs: LostJobs;

beforeAll(async () => {
  databases = await TestDatabases.start();
});
beforeEach(async () => {
  store = await databases.open({ DATA_DIR: place.path, MAX_RECOVERIES: '1' });
  queue = await TestQueue.open(store);
  dispatcher = new Dispatcher(queue.queue);
  lostJobs = new LostJobs(store.recovery, store.completion, store.cancellation, dispatcher);
});
afterEach(async () => {
  await queue.close();
  await redis?.down();
  redis = undefined;
});
afterAll(async () => {
  await databases.close();
  place.remove();
});

describe('Leadership', () => {
  it('is held by one node, and by no other for as long as that one lives', async () => {
    const nodes = Array.from({ length: 4 }, () => new Leadership(store.server, store.settings));
    const first = await Promise.all(nodes.map((node) => node.acquire()));
    expect(first.filter((leads) => leads)).toHaveLength(1);
    expect(await Promise.all(nodes.map((node) => node.acquire()))).toEqual(first);

    const leader = nodes[first.indexOf(true)];
    await leader.onApplicationShutdown();
    const others = nodes.filter((node) => node !== leader);
    const look = async () => {
      const leads = await Promise.all(others.map((node) => node.acquire()));
      return leads.includes(true) ? leads : undefined;
    };
    expect((await eventually(look, 'another node leads')).filter((leads) => leads)).toHaveLength(1);
    await Promise.all(others.map((node) => node.onApplicationShutdown()));
  });

  it('passes on when the connection of the leader is cut; the old leader learns of it', async () => {
    const [leader, successor] = [
      new Leadership(store.server, store.settings),
      new Leadership(store.server, store.settings),
    ];
    expect(await leader.acquire()).toBe(true);
    await store.query(
      `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = $1
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      [0x534c5356],
    );
    await eventually(async () => (await successor.acquire()) || undefined, 'the successor leads');
    // The first question may meet the dead connection.
    const answer = await leader.acquire().catch(() => leader.acquire());
    expect(answer).toBe(false);
    await Promise.all([leader.onApplicationShutdown(), successor.onApplicationShutdown()]);
  });

  it('comes back after an outage of the database', async () => {
    const node = new Leadership(store.server, store.settings);
    expect(await node.acquire()).toBe(true);
    await databases.server.crash();
    await expect(node.acquire()).rejects.toThrow();
    await databases.server.up();
    await eventually(() => node.acquire().catch(() => undefined), 'the node leads again');
    await node.onApplicationShutdown();
  });
});

describe('LostJobs', () => {
  it('puts a job whose worker went silent back on the queue, and leaves the others alone (P6)', async () => {
    const [lost, healthy] = [await store.claimed(0), await store.claimed()];
    await lostJobs.recover();
    await dispatcher.flush();
    expect(await store.row(lost.id)).toMatchObject({ state_type: 'SCHEDULED', state_name: 'AwaitingRecovery' });
    expect(await queue.waiting()).toEqual([entryId(lost.id, 2)]);
    expect(await store.row(healthy.id)).toMatchObject({ state_type: 'RUNNING', epoch: 1 });
  });

  it('gives up a job that lost its worker too often, and dispatches it no more', async () => {
    const { id } = await store.claimed(0);
    await lostJobs.recover();
    await store.leases.claim(id, 'another', 0);
    await lostJobs.recover();
    await dispatcher.flush();
    expect(await store.row(id)).toMatchObject({ state_type: 'CRASHED', recoveries: 2 });
    expect(await queue.waiting()).toEqual([entryId(id, 2)]);
  });

  it('ends dismissals that no worker will confirm', async () => {
    const [gone, asked] = [await store.claimed(0), await store.claimed()];
    for (const { id } of [gone, asked]) await store.cancellation.request(id);
    await lostJobs.recover();
    expect(await store.row(gone.id)).toMatchObject({ state_type: 'CANCELLED', epoch: 2 });
    expect(await store.row(asked.id)).toMatchObject({ state_type: 'CANCELLING' });
  });

  it('recovers each lost job once when two nodes look at the same time', async () => {
    const lost = await Promise.all(Array.from({ length: 20 }, () => store.claimed(0)));
    await Promise.all([lostJobs.recover(), lostJobs.recover()]);
    for (const { id } of lost) {
      expect(await store.row(id)).toMatchObject({ state_type: 'SCHEDULED', recoveries: 1, dispatches: 2 });
    }
  });
});

describe('Retention', () => {
  let files: JobFiles;
  let retention: Retention;

  beforeEach(() => {
    files = new JobFiles(store.settings);
    retention = new Retention(store.recovery, store.reader, files, queue.queue);
  });

  /** A directory of a job, that looks untouched for two days when it is to be old. */
  async function directory(name: string, old: boolean): Promise<string> {
    const path = files.directory(name);
    await mkdir(join(path, '1', 'outputs'), { recursive: true });
    await writeFile(join(path, '1', 'outputs', 'result'), 'x');
    const longAgo = Date.now() / 1_000 - 2 * 86_400;
    if (old) await utimes(path, longAgo, longAgo);
    return path;
  }

  it('removes jobs past JOB_TTL with their files, and no other', async () => {
    const [expired, kept] = [await store.claimed(), await store.claimed()];
    for (const held of [expired, kept]) await store.completion.succeed(held, []);
    const [gone, stays] = [await directory(expired.id, false), await directory(kept.id, false)];
    await store.query(`UPDATE job SET expires_at = now() - interval '1 s' WHERE id = $1`, [expired.id]);
    await retention.sweep();
    await expect(store.reader.get(expired.id)).rejects.toMatchObject({ code: 'no-such-job' });
    expect(await store.row(kept.id)).toMatchObject({ state_type: 'COMPLETED' });
    expect([existsSync(gone), existsSync(stays)]).toEqual([false, true]);
  });

  it('removes old files without a job; not young ones, not those of a job, not what it does not know', async () => {
    const job = await store.accepted();
    const [orphan, young, owned, foreign] = await Promise.all([
      directory(randomUUID(), true),
      directory(randomUUID(), false),
      directory(job, true),
      directory('lost+found', true),
    ]);
    await retention.sweep();
    expect([orphan, young, owned, foreign].map((path) => existsSync(path))).toEqual([false, true, true, true]);
  });

  it('removes finished queue entries after a while, and never those that wait', async () => {
    const [done, waiting] = [randomUUID(), randomUUID()];
    dispatcher.dispatch({ id: done, dispatches: 1 });
    await dispatcher.flush();
    const worker = new Worker(JOB_QUEUE, () => Promise.resolve(), { connection: queue.connection.options });
    worker.on('error', () => undefined);
    const stateOf = (id: string) => queue.queue.getJobState(entryId(id, 1));
    await eventually(async () => ((await stateOf(done)) === 'completed' ? true : undefined), 'the entry is finished');
    await worker.close();
    dispatcher.dispatch({ id: waiting, dispatches: 1 });
    await dispatcher.flush();

    await retention.sweep();
    expect(await stateOf(done)).toBe('completed');
    await store.query(
      'UPDATE bullmq.job SET finished_at_ms = finished_at_ms - 3600000, added_at_ms = added_at_ms - 3600000',
    );
    await retention.sweep();
    expect(await stateOf(done)).toBe('unknown');
    expect(await stateOf(waiting)).toBe('waiting');
  });
});

describe('Supervisor', () => {
  const supervisor = (leadership: Leadership) => {
    const settings = new Settings({ ...store.settings, SUPERVISOR_INTERVAL: 20, LEASE: 50 });
    const files = new JobFiles(settings);
    return new Supervisor(
      leadership,
      lostJobs,
      new MissingEntries(store.recovery, dispatcher, queue.queue),
      new Retention(store.recovery, store.reader, files, queue.queue),
      settings,
    );
  };

  it('looks after lost jobs and missing entries, through an outage of the database', async () => {
    const leadership = new Leadership(store.server, store.settings);
    const supervised = supervisor(leadership);
    supervised.onApplicationBootstrap();
    const [before, forgotten] = [await store.claimed(0), await store.accepted()];
    await store.age([forgotten]);
    const scheduled = (id: string) => async () =>
      (await store.row(id).catch(() => undefined))?.state_type === 'SCHEDULED' || undefined;
    await eventually(scheduled(before.id), 'the lost job waits again');
    await eventually(
      async () => (await queue.waiting()).some((id) => id.startsWith(forgotten)) || undefined,
      'the forgotten job is on the queue',
    );

    await databases.server.crash();
    await databases.server.up();
    const after = await eventually(() => store.claimed(0).catch(() => undefined), 'the database is back');
    await eventually(scheduled(after.id), 'the job that was lost later waits again');
    await supervised.onApplicationShutdown();
    await leadership.onApplicationShutdown();
  });

  const onRedis = testedBackends().includes('redis') ? it : it.skip;

  onRedis('recovers a lost job and removes what is old while Redis is away (P6)', async () => {
    await queue.close();
    redis = await RedisServer.start();
    store = await databases.open({ DATA_DIR: place.path, REDIS_URL: redis.url });
    queue = await TestQueue.open(store);
    dispatcher = new Dispatcher(queue.queue);
    dispatcher.onModuleInit();
    lostJobs = new LostJobs(store.recovery, store.completion, store.cancellation, dispatcher);
    const [forgotten, expired] = [await store.accepted(), await store.claimed()];
    await store.age([forgotten]);
    await store.completion.succeed(expired, []);
    await store.query(`UPDATE job SET expires_at = now() - interval '1 s' WHERE id = $1`, [expired.id]);

    await redis.down();
    const leadership = new Leadership(store.server, store.settings);
    const supervised = supervisor(leadership);
    const entriesLookedFor = jest.spyOn(queue.queue, 'getJobCounts');
    supervised.onApplicationBootstrap();
    // Only now, so that the queue has already been asked in vain.
    await eventually(() => Promise.resolve(entriesLookedFor.mock.calls.length > 0 || undefined), 'the queue is asked');
    const lost = await store.claimed(0);
    const recovered = async () => (await store.row(lost.id)).state_type === 'SCHEDULED' || undefined;
    await eventually(recovered, 'the lost job waits again');
    const removed = () =>
      store.reader.get(expired.id).then(
        () => undefined,
        () => true,
      );
    await eventually(removed, 'the expired job is gone');

    await redis.up();
    const dispatched = async () => {
      const waiting = await queue.waiting();
      return [forgotten, lost.id].every((id) => waiting.some((entry) => entry.startsWith(id))) || undefined;
    };
    await eventually(dispatched, 'both jobs are on the queue');
    await supervised.onApplicationShutdown();
    await leadership.onApplicationShutdown();
  });

  it('does nothing on a node that does not lead', async () => {
    const [leader, follower] = [
      new Leadership(store.server, store.settings),
      new Leadership(store.server, store.settings),
    ];
    expect(await leader.acquire()).toBe(true);
    const asked = jest.spyOn(follower, 'acquire');
    const idle = supervisor(follower);
    const { id } = await store.claimed(0);
    idle.onApplicationBootstrap();
    await eventually(() => Promise.resolve(asked.mock.calls.length > 5 || undefined), 'it asked for the lead');
    await idle.onApplicationShutdown();
    expect(await store.row(id)).toMatchObject({ state_type: 'RUNNING', epoch: 1 });
    await Promise.all([leader.onApplicationShutdown(), follower.onApplicationShutdown()]);
  });
});
