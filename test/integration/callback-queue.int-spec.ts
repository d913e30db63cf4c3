import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { CallbackQueue, type OwedCallback } from '../../src/callbacks/callback-queue.js';
import { ChangeAnnouncer } from '../../src/jobs/change-announcer.js';
import type { JobSubscriber } from '../../src/jobs/job.types.js';
import { type TestDatabase, TestDatabases } from '../harness/database.js';

jest.setTimeout(60_000);

const LEASE = 60_000;
const FAULT = { code: 'process-failed', detail: 'No.' } as const;
const BASE = 'https://sluice.example/ogc';

let databases: TestDatabases;
let store: TestDatabase;
let queue: CallbackQueue;

beforeAll(async () => {
  databases = await TestDatabases.start();
  store = await databases.open();
  queue = new CallbackQueue(store.database, new ChangeAnnouncer(store.database));
});
beforeEach(() => store.query('TRUNCATE job, job_callback CASCADE'));
afterAll(() => databases.close());

const everywhere = (host: string): JobSubscriber => ({
  base: BASE,
  successUri: `https://${host}/success`,
  inProgressUri: `https://${host}/progress`,
  failedUri: `https://${host}/failed`,
});
const take = (most = 100, perOrigin = 100, busy: string[] = []) => queue.take(most, perOrigin, busy, LEASE);
const seqs = (taken: readonly OwedCallback[]) => taken.map(({ seq }) => seq);

async function running(subscriber?: JobSubscriber) {
  const id = await store.accepted({ subscriber });
  return (await store.leases.claim(id, 'a-worker', LEASE))!;
}

/** What is owed for a job, in its order. */
const owed = async (id: string) =>
  (
    await store.query<{ what: string }>(
      `SELECT seq || ' ' || kind AS what FROM job_callback WHERE job_id = $1 ORDER BY seq`,
      [id],
    )
  ).map(({ what }) => what);

describe('What is owed to a subscriber', () => {
  it('is written with the change of the job', async () => {
    const succeeded = await running(everywhere('a'));
    await store.completion.succeed(succeeded, []);
    expect(await owed(succeeded.id)).toEqual(['2 inProgressUri', '3 successUri']);

    const failed = await running(everywhere('a'));
    await store.completion.fail(failed, 'Failed', FAULT);
    expect(await owed(failed.id)).toEqual(['2 inProgressUri', '3 failedUri']);

    const dismissed = await running(everywhere('a'));
    await store.cancellation.request(dismissed.id);
    await store.cancellation.confirm(dismissed);
    expect(await owed(dismissed.id)).toEqual(['2 inProgressUri', '4 failedUri']);

    const waiting = await store.accepted({ subscriber: everywhere('a') });
    await store.cancellation.request(waiting);
    expect(await owed(waiting)).toEqual(['2 failedUri']);
  });

  it('is nothing for a job without a subscriber, and for a change that a subscriber has no URL for', async () => {
    for (const subscriber of [undefined, { base: BASE, failedUri: 'https://a/failed' }]) {
      const job = await running(subscriber);
      await store.journal.progress(job, 50);
      await store.completion.succeed(job, []);
      expect(await owed(job.id)).toEqual([]);
    }
  });

  it('is nothing when the worker has lost the job', async () => {
    const job = await running(everywhere('a'));
    expect(await store.completion.succeed({ ...job, epoch: 0 }, [])).toBe(false);
    expect(await owed(job.id)).toEqual(['2 inProgressUri']);
  });

  it('is the latest progress only, as long as nobody has begun to tell of an earlier one', async () => {
    const job = await running(everywhere('a'));
    for (const percent of [10, 20, 30]) await store.journal.progress(job, percent);
    expect(await owed(job.id)).toEqual(['2 inProgressUri', '5 inProgressUri']);
  });

  it('shows the job as it was then', async () => {
    const job = await running(everywhere('a'));
    await store.journal.progress(job, 30, 'third');
    await store.completion.succeed(job, []);
    const [first] = await take();
    expect(first.job).toMatchObject({ id: job.id, state_type: 'RUNNING', progress: null, finished_at: null });
    await queue.delivered(first, { status: 200 });
    expect((await take())[0].job).toMatchObject({ state_type: 'RUNNING', progress: 30, message: 'third' });
  });

  it('outlives the job when it is about the status, and goes with the results when it is about these', async () => {
    const [failed, succeeded] = [await running(everywhere('a')), await running(everywhere('b'))];
    await store.completion.fail(failed, 'Failed', FAULT);
    await store.completion.succeed(succeeded, []);
    for (const { id } of [failed, succeeded]) await store.cancellation.remove(id);
    expect(await owed(failed.id)).toEqual(['2 inProgressUri', '3 failedUri']);
    expect(await owed(succeeded.id)).toEqual(['2 inProgressUri']);

    const [first] = (await take()).filter(({ job_id: id }) => id === failed.id);
    expect(first).toMatchObject({ seq: 2, base: BASE, job: { id: failed.id, state_type: 'RUNNING' }, response: null });
    await queue.postpone(first, { status: 500, reason: 'No.' }, 3_600_000);
    await store.query('UPDATE job_callback SET due_at = now()');
    const again = (await take()).find(({ job_id: id }) => id === failed.id)!;
    await queue.delivered(again, { status: 200 });
    expect(await owed(failed.id)).toEqual(['3 failedUri']);
    const [last] = (await take()).filter(({ job_id: id }) => id === failed.id);
    await queue.givenUp(last, { status: 410 });
    expect(await owed(failed.id)).toEqual([]);
  });

  it.each([
    ['a host that fits no index', `https://${randomBytes(4_000).toString('hex')}.example/x`],
    ['what is no URL', 'nowhere'],
    ['a host of wide characters', `https://${'🦑'.repeat(2_000)}/x`],
  ])('never fails a change of the job: %s', async (_, uri) => {
    const poison = { base: BASE, successUri: uri, inProgressUri: uri, failedUri: uri };
    const job = await running(poison);
    await store.journal.progress(job, 10);
    expect(await store.completion.succeed(job, [])).toBe(true);
    const lost = await running(poison);
    expect(await store.completion.crash(lost, { code: 'crashed', detail: 'Gone.' })).toMatchObject({ id: lost.id });
    await store.cancellation.request(lost.id);
    expect((await take()).map(({ uri: taken }) => taken)).toEqual([uri, uri]);
  });
});

describe('CallbackQueue', () => {
  it('gives the calls of a job one after the other, in their order', async () => {
    const job = await running(everywhere('a'));
    await store.completion.succeed(job, []);
    const [first] = await take();
    expect(first).toMatchObject({ seq: 2, attempts: 1, holds_up: true });
    expect(await take()).toEqual([]);
    await queue.delivered(first, { status: 200 });
    expect(seqs(await take())).toEqual([3]);
    expect((await store.history(job.id)).at(-1)).toMatchObject({
      seq: 4,
      type: 'callback-delivered',
      data: { kind: 'inProgressUri', event: 2, attempt: 1, status: 200 },
    });
  });

  it('gives each call to one of several nodes', async () => {
    for (let n = 0; n < 30; n += 1) await running(everywhere(`host-${n % 3}`));
    const nodes = await Promise.all(Array.from({ length: 6 }, () => take(10, 10)));
    const jobs = nodes.flat().map(({ job_id: id }) => id);
    expect(new Set(jobs).size).toBe(jobs.length);
    jobs.push(...(await take()).map(({ job_id: id }) => id));
    expect(new Set(jobs).size).toBe(30);
  });

  it('gives only so many calls of one origin, and none of a busy one', async () => {
    for (let n = 0; n < 5; n += 1) await running(everywhere('slow'));
    await running(everywhere('prompt'));
    expect((await take(100, 2, ['https://busy'])).map(({ origin }) => origin).sort()).toEqual([
      'https://prompt',
      'https://slow',
      'https://slow',
    ]);
    expect(await take(100, 2, ['https://slow'])).toEqual([]);
  });

  it('gives a call again when its node was never heard of again', async () => {
    await running(everywhere('a'));
    expect(await queue.take(10, 10, [], 0)).toMatchObject([{ attempts: 1 }]);
    expect(await take()).toMatchObject([{ attempts: 2 }]);
  });

  it('ignores the outcome of an attempt that another one has replaced', async () => {
    const job = await running(everywhere('a'));
    const [stale] = await queue.take(10, 10, [], 0);
    const [current] = await take();
    await queue.delivered(stale, { status: 200 });
    expect(await owed(job.id)).toEqual(['2 inProgressUri']);
    await queue.delivered(current, { status: 200 });
    expect(await owed(job.id)).toEqual([]);
    expect((await store.history(job.id)).map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });

  it('gives a postponed call when its time has come, and one that was given back at once', async () => {
    await running(everywhere('a'));
    const [first] = await take();
    await queue.postpone(first, { status: 500, reason: 'No.' }, 3_600_000);
    expect(await take()).toEqual([]);
    await store.query('UPDATE job_callback SET due_at = now()');
    const [second] = await take();
    await queue.giveBack(second);
    expect(await take()).toMatchObject([{ attempts: 2 }]);
  });

  it('goes on with the next call when one is given up', async () => {
    const job = await running(everywhere('a'));
    await store.completion.succeed(job, []);
    const [first] = await take();
    await queue.givenUp(first, { reason: 'No.' });
    expect(seqs(await take())).toEqual([3]);
    expect((await store.history(job.id)).at(-1)!.data).toMatchObject({ givenUp: true, reason: 'No.' });
  });

  it('finds due calls however long the queue of one origin is', async () => {
    await running(everywhere('a'));
    await store.query(
      `INSERT INTO job (id, process_id, process_version, state_type, state_name, inputs, response, subscriber)
       SELECT gen_random_uuid(), 'p', '1', 'COMPLETED', 'Completed', '{}', '{}', '{"base":"x"}' FROM generate_series(1, 5000)`,
    );
    await store.query(
      `INSERT INTO job_callback (job_id, seq, kind, uri, origin, job)
       SELECT id, 1, 'successUri', 'https://0/x', 'https://0', '{}' FROM job WHERE process_id = 'p'`,
    );
    expect((await take(3, 2)).map(({ origin }) => origin).sort()).toEqual(['https://0', 'https://0', 'https://a']);
  });
});
