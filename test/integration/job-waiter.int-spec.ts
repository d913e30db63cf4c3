import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { getEventListeners } from 'node:events';
import { Notifications } from '../../src/database/notifications.js';
import { JOB_CHANNEL } from '../../src/jobs/job-channels.js';
import { JobWaiter } from '../../src/jobs/job-waiter.js';
import { JobReader } from '../../src/jobs/store/job-reader.js';
import { type TestDatabase, TestDatabases } from '../harness/database.js';

jest.setTimeout(60_000);

/** Longer than any of these tests: a wait that needs it has failed. Milliseconds. */
const LONG = 3_600_000;

let databases: TestDatabases;
let store: TestDatabase;
let notifications: Notifications;
let waiter: JobWaiter;

beforeAll(async () => {
  databases = await TestDatabases.start();
  store = await databases.open();
});
beforeEach(() => {
  notifications = new Notifications(store.server);
  waiter = newWaiter(store.reader);
});
afterEach(async () => {
  waiter.onApplicationShutdown();
  await notifications.close();
});
afterAll(() => databases.close());

function newWaiter(reader: JobReader): JobWaiter {
  const made = new JobWaiter(reader, notifications);
  made.onModuleInit();
  return made;
}

/** Reads as always, but only hands out what it read after `between` is done. */
class SlowReader extends JobReader {
  constructor(private readonly between: () => Promise<void>) {
    super(store.database);
  }

  override async states(jobIds: readonly string[]) {
    const rows = await super.states(jobIds);
    await this.between();
    return rows;
  }
}

describe('JobWaiter', () => {
  it('is told at once of a job that has ended before', async () => {
    const held = await store.claimed();
    await store.completion.succeed(held, []);
    expect(await waiter.ended(held.id, LONG)).toBe(true);
  });

  it('counts a job that is gone as ended', async () => {
    const held = await store.claimed();
    await store.completion.succeed(held, []);
    await store.cancellation.remove(held.id);
    expect(await waiter.ended(held.id, LONG)).toBe(true);
  });

  it('misses no end that comes between its look at the row and the answer to it', async () => {
    await notifications.onApplicationBootstrap();
    const held = await store.claimed();
    let ended = false;
    // The row was read as running; the job ends, and its notification is heard, before the waiter gets to know.
    const reader = new SlowReader(async () => {
      if (ended) return;
      ended = true;
      const heard = new Promise<void>((resolve) => notifications.on(JOB_CHANNEL, () => resolve()));
      await store.completion.succeed(held, []);
      await heard;
    });
    waiter.onApplicationShutdown();
    waiter = newWaiter(reader);
    expect(await waiter.ended(held.id, LONG)).toBe(true);
  });

  it('wakes all who wait for one job, and nobody else', async () => {
    await notifications.onApplicationBootstrap();
    const [one, other] = [await store.claimed(), await store.claimed()];
    const stop = new AbortController();
    const waits = Array.from({ length: 20 }, () => waiter.ended(one.id, LONG));
    const otherWait = waiter.ended(other.id, LONG, stop.signal);
    await store.completion.succeed(one, []);
    expect(await Promise.all(waits)).toEqual(waits.map(() => true));
    stop.abort();
    expect(await otherWait).toBe(false);
  });

  it('sees by its poll what no notification told it', async () => {
    // This waiter has no connection to hear anything on.
    const held = await store.claimed();
    const wait = waiter.ended(held.id, LONG);
    await store.completion.succeed(held, []);
    expect(await wait).toBe(true);
  });

  it('does not take a passing outage of the database for the end', async () => {
    const held = await store.claimed();
    const wait = waiter.ended(held.id, LONG);
    await databases.server.crash();
    await databases.server.up();
    await store.completion.succeed(held, []);
    expect(await wait).toBe(true);
  });

  it('gives up when the time is over or its caller leaves, and keeps nothing', async () => {
    const held = await store.claimed();
    const stop = new AbortController();
    const [timer, poll] = [jest.spyOn(globalThis, 'setTimeout'), jest.spyOn(globalThis, 'setInterval')];
    const wait = waiter.ended(held.id, LONG, stop.signal);
    const started = [timer.mock.results[0].value as NodeJS.Timeout, poll.mock.results[0].value as NodeJS.Timeout];
    const [timerEnd, pollEnd] = [jest.spyOn(globalThis, 'clearTimeout'), jest.spyOn(globalThis, 'clearInterval')];
    expect(await waiter.ended(held.id, 1, stop.signal)).toBe(false);
    expect(getEventListeners(stop.signal, 'abort')).toHaveLength(1);
    stop.abort();
    expect(await wait).toBe(false);
    expect(getEventListeners(stop.signal, 'abort')).toHaveLength(0);
    expect(timerEnd).toHaveBeenCalledWith(started[0]);
    expect(pollEnd).toHaveBeenCalledWith(started[1]);
    jest.restoreAllMocks();
  });

  it('does not wait for a caller who has left already', async () => {
    const held = await store.claimed();
    expect(await waiter.ended(held.id, LONG, AbortSignal.abort())).toBe(false);
  });

  it('waits for a job longer than a timer can count', async () => {
    const held = await store.claimed();
    const wait = waiter.ended(held.id, Number.MAX_SAFE_INTEGER);
    await store.completion.fail(held, 'Failed', { code: 'crashed', detail: 'x' });
    expect(await wait).toBe(true);
  });
});
