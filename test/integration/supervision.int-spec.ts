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
import { DueJobs } from '../../src/queues/supervision/due-jobs.js';
import { LostJobs } from '../../src/queues/supervision/lost-jobs.js';
import { MissingEntries } from '../../src/queues/supervision/missing-entries.js';
import { FileRemoval } from '../../src/queues/supervision/file-removal.js';
import { Retention } from '../../src/queues/supervision/retention.js';
import { StorageOrphans } from '../../src/queues/supervision/storage-orphans.js';
import { Uploads } from '../../src/uploads/store/uploads.js';
import { StorageRemovals } from '../../src/jobs/store/storage-removals.js';
import { StoredFiles } from '../../src/jobs/files/stored-files.js';
import { ProcessRegistry } from '../../src/processes/process-registry.js';
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
  lostJobs = lostJobsOf(store);
});
afterEach(async () => {
  await queue.close();
  await redis?.down();
  redis = undefined;
});
const lostJobsOf = ({ recovery, completion, taskRecovery, taskClaims, cancellation }: TestDatabase) =>
  new LostJobs(recovery, completion, taskRecovery, taskClaims, cancellation, dispatcher);
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
    // What served its connection may live for a moment longer.
    const isLost = () =>
      node.acquire().then(
        () => undefined,
        () => true,
      );
    await eventually(isLost, 'the lead is lost');
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

  it('looks after all others when one job cannot be recovered', async () => {
    const [poisoned, lost, gone] = [await store.claimed(0), await store.claimed(0), await store.claimed(0)];
    await store.cancellation.request(gone.id);
    // The oldest lease, so that its turn comes first.
    await store.query(`UPDATE job SET lease_until = now() - interval '1 hour' WHERE id = $1`, [poisoned.id]);
    await store.query(
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'poison'; END $$;
       CREATE TRIGGER poison BEFORE UPDATE ON job FOR EACH ROW WHEN (old.id = '${poisoned.id}') EXECUTE FUNCTION refuse()`,
    );
    await lostJobs.recover();
    expect(await store.row(poisoned.id)).toMatchObject({ state_type: 'RUNNING' });
    expect(await store.row(lost.id)).toMatchObject({ state_type: 'SCHEDULED', recoveries: 1 });
    expect(await store.row(gone.id)).toMatchObject({ state_type: 'CANCELLED' });
  });

  it('looks after dismissals when lost jobs cannot even be found', async () => {
    const gone = await store.claimed(0);
    await store.cancellation.request(gone.id);
    jest.spyOn(store.recovery, 'lost').mockRejectedValue(new Error('no such column'));
    await lostJobs.recover();
    expect(await store.row(gone.id)).toMatchObject({ state_type: 'CANCELLED' });
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

  it('keeps a job past JOB_TTL while its subscriber is owed a call, and removes it then', async () => {
    const id = await store.accepted({ subscriber: { base: 'http://a', successUri: 'http://a.example/s' } });
    const held = (await store.leases.claim(id, 'a-worker', 60_000))!;
    await store.completion.succeed(held, []);
    await store.query(`UPDATE job SET expires_at = now() - interval '1 s'`);
    await retention.sweep();
    expect(await store.row(id)).toMatchObject({ state_type: 'COMPLETED' });
    await store.query('DELETE FROM job_callback');
    await retention.sweep();
    await expect(store.reader.get(id)).rejects.toMatchObject({ code: 'no-such-job' });
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

  it('looks at a limited number of directories at a time, and at all of them in the end', async () => {
    const names = Array.from({ length: 2_100 }, () => randomUUID());
    const longAgo = Date.now() / 1_000 - 2 * 86_400;
    for (const name of names) {
      await mkdir(files.directory(name), { recursive: true });
      await utimes(files.directory(name), longAgo, longAgo);
    }
    expect(await retention.sweep()).toBe(true);
    const left = names.filter((name) => existsSync(files.directory(name))).length;
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(names.length);
    while (await retention.sweep());
    expect(names.filter((name) => existsSync(files.directory(name)))).toEqual([]);
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
    const stored = new StoredFiles(files, store.storages, settings);
    const removals = new StorageRemovals(store.database);
    return new Supervisor(
      leadership,
      lostJobs,
      new MissingEntries(store.recovery, store.taskRecovery, dispatcher, queue.queue),
      new DueJobs(store.recovery, store.cancellation, dispatcher, queue.queue),
      store.slotQueue,
      new Retention(store.recovery, store.reader, files, queue.queue),
      new FileRemoval(removals, stored),
      new StorageOrphans(
        store.storages,
        stored,
        files,
        removals,
        new ProcessRegistry(),
        store.reader,
        new Uploads(store.database, settings),
      ),
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

  it('recovers lost jobs while its less urgent work goes on', async () => {
    const leadership = new Leadership(store.server, store.settings);
    const begun: (() => void)[] = [];
    const endless = () => new Promise<boolean>((end) => begun.push(() => end(false)));
    const [entries, sweeps] = [
      jest.spyOn(MissingEntries.prototype, 'dispatch').mockImplementation(endless),
      jest.spyOn(Retention.prototype, 'sweep').mockImplementation(endless),
    ];
    const supervised = supervisor(leadership);
    try {
      supervised.onApplicationBootstrap();
      await eventually(() => Promise.resolve(begun.length === 2 || undefined), 'the less urgent work goes on');
      const { id } = await store.claimed(0);
      const recovered = async () => (await store.row(id)).state_type === 'SCHEDULED' || undefined;
      await eventually(recovered, 'the lost job waits again', 10_000);
      // One turn of each at a time.
      expect(begun).toHaveLength(2);
    } finally {
      for (const end of begun) end();
      await supervised.onApplicationShutdown();
      entries.mockRestore();
      sweeps.mockRestore();
      await leadership.onApplicationShutdown();
    }
  });

  const onRedis = testedBackends().includes('redis') ? it : it.skip;

  onRedis('recovers a lost job and removes what is old while Redis is away (P6)', async () => {
    await queue.close();
    redis = await RedisServer.start();
    store = await databases.open({ DATA_DIR: place.path, REDIS_URL: redis.url });
    queue = await TestQueue.open(store);
    dispatcher = new Dispatcher(queue.queue);
    dispatcher.onModuleInit();
    lostJobs = lostJobsOf(store);
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
