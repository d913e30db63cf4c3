import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { Logger } from '@nestjs/common';
import { Settings } from '../../src/config/settings.js';
import { Notifications } from '../../src/database/notifications.js';
import { ChangeAnnouncer } from '../../src/jobs/change-announcer.js';
import { type HeldLease, JobLeases, type RenewedLease } from '../../src/jobs/store/job-leases.js';
import { type Lease, LeaseKeeper } from '../../src/queues/lease-keeper.js';
import { eventually } from '../harness/backends.js';
import { type TestDatabase, TestDatabases } from '../harness/database.js';

jest.setTimeout(60_000);

let databases: TestDatabases;
let store: TestDatabase;
let notifications: Notifications;
let keeper: LeaseKeeper;

beforeAll(async () => {
  databases = await TestDatabases.start();
  store = await databases.open();
});
beforeEach(() => {
  notifications = new Notifications(store.server);
});
afterEach(async () => {
  keeper.onApplicationShutdown();
  await notifications.close();
});
afterAll(() => databases.close());

/**
 * @param lease in milliseconds; the heart beats three times in it
 * @param leases that are renewed
 */
async function start(lease: number, hears: boolean, leases = store.leases): Promise<void> {
  keeper = new LeaseKeeper(leases, store.taskClaims, notifications, new Settings({ ...store.settings, LEASE: lease }));
  keeper.onModuleInit();
  if (hears) await notifications.onApplicationBootstrap();
}

async function stopped(lease: Lease): Promise<Lease['stopReason']> {
  if (!lease.signal.aborted) await once(lease.signal, 'abort');
  return lease.stopReason;
}

/** Waits until the lease of a job has been renewed. */
async function beats({ id }: HeldLease): Promise<void> {
  const leaseOf = async () => (await store.row(id)).lease_until!.getTime();
  const now = await leaseOf();
  await eventually(async () => ((await leaseOf()) !== now ? true : undefined), 'the lease is renewed');
}

describe('LeaseKeeper', () => {
  it('renews the leases of all jobs of this node', async () => {
    await start(300, false);
    const [one, other] = [await store.claimed(300), await store.claimed(300)];
    keeper.hold(one);
    keeper.hold(other);
    await Promise.all([beats(one), beats(other)]);
    expect(keeper.size).toBe(2);
  });

  it('stops a job at the notice of its dismissal, long before the next heartbeat', async () => {
    await start(3_600_000, true);
    const [job, bystander] = [await store.claimed(), await store.claimed()];
    const [lease, other] = [keeper.hold(job), keeper.hold(bystander)];
    await store.cancellation.request(job.id);
    expect(await stopped(lease)).toBe('cancelled');
    expect(other.signal.aborted).toBe(false);
  });

  it('stops a job that is being dismissed at its heartbeat, without any notice', async () => {
    await start(300, false);
    const job = await store.claimed();
    const lease = keeper.hold(job);
    await store.cancellation.request(job.id);
    expect(await stopped(lease)).toBe('cancelled');
  });

  it('stops a job that another node owns now', async () => {
    await start(300, false);
    const job = await store.claimed();
    const lease = keeper.hold(job);
    await store.completion.crash(job, { code: 'crashed', detail: 'silent' });
    await store.leases.claim(job.id, 'another', 60_000);
    expect(await stopped(lease)).toBe('lost');
    expect(await store.row(job.id)).toMatchObject({ state_type: 'RUNNING', worker_id: 'another', epoch: 2 });
  });

  it('stops a job that was dismissed by force, or removed', async () => {
    await start(300, false);
    const [forced, removed] = [await store.claimed(), await store.claimed()];
    const leases = [keeper.hold(forced), keeper.hold(removed)];
    await store.cancellation.request(forced.id);
    await store.cancellation.force(forced.id);
    await store.query('DELETE FROM job WHERE id = $1', [removed.id]);
    // Between request and force a heartbeat may have seen the request.
    expect(['cancelled', 'lost']).toContain(await stopped(leases[0]));
    expect(await stopped(leases[1])).toBe('lost');
  });

  it('keeps its jobs through an outage of the database, and still hears of a dismissal afterwards', async () => {
    await start(300, true);
    const [job, dismissed] = [await store.claimed(), await store.claimed()];
    const [lease, other] = [keeper.hold(job), keeper.hold(dismissed)];
    await databases.server.crash();
    await databases.server.up();
    await beats(job);
    expect(lease.signal.aborted).toBe(false);
    await store.cancellation.request(dismissed.id);
    expect(await stopped(other)).toBe('cancelled');
    expect(lease.signal.aborted).toBe(false);
  });

  it('lets go of a released job: its lease runs out', async () => {
    await start(300, false);
    const [job, other] = [await store.claimed(300), await store.claimed(300)];
    const lease = keeper.hold(job);
    keeper.hold(other);
    lease.release();
    await beats(other);
    await eventually(async () => {
      const lost = await store.recovery.lost(1_000);
      return lost.some(({ id }) => id === job.id) || undefined;
    }, 'the released job has no lease any more');
    expect(lease.signal.aborted).toBe(false);
  });

  it('stops every job at a shutdown, and those that a claim under way brings yet; idle when all are released', async () => {
    await start(3_600_000, false);
    const [one, other] = [await store.claimed(), await store.claimed()];
    const first = keeper.hold(one);
    keeper.stopAll('shutdown');
    const late = keeper.hold(other);
    expect([first.stopReason, late.stopReason]).toEqual(['shutdown', 'shutdown']);
    expect([first.signal.aborted, late.signal.aborted]).toEqual([true, true]);

    let idle = false;
    const whenIdle = keeper.whenIdle().then(() => (idle = true));
    first.release();
    await Promise.resolve();
    expect(idle).toBe(false);
    late.release();
    expect(await whenIdle).toBe(true);
    await keeper.whenIdle();
  });

  it('says the first reason when there are several', async () => {
    await start(3_600_000, true);
    const job = await store.claimed();
    const lease = keeper.hold(job);
    await store.cancellation.request(job.id);
    await stopped(lease);
    keeper.stopAll('shutdown');
    expect(lease.stopReason).toBe('cancelled');
  });

  it('keeps the new hold on a job when an old one is released', async () => {
    await start(3_600_000, false);
    const job = await store.claimed();
    const old = keeper.hold(job);
    keeper.hold({ id: job.id, epoch: 2 });
    old.release();
    expect(keeper.size).toBe(1);
  });

  it.each([
    ['came to its end here while the leases were renewed', false],
    ['had another owner when it came to its end', true],
  ])('says after a blocked event loop whether jobs were lost: one that %s', async (_, isLost) => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const job = await store.claimed();
    const ended = new Promise<void>((resolve) => {
      // The job ends between the question and the answer of the renewal.
      class EndingLeases extends JobLeases {
        override async renew(held: readonly HeldLease[], duration: number): Promise<RenewedLease[]> {
          if (!(await store.completion.succeed(job, []))) lease.refuse();
          lease.release();
          const renewed = await store.leases.renew(held, duration);
          setImmediate(resolve);
          return renewed;
        }
      }
      void start(300, false, new EndingLeases(store.database, new ChangeAnnouncer(store.database)));
    });
    if (isLost) {
      await store.completion.crash(job, { code: 'crashed', detail: 'silent' });
      await store.leases.claim(job.id, 'another', 60_000);
    }
    const lease = keeper.hold(job);
    const until = performance.now() + 400;
    while (performance.now() < until);
    await ended;
    const said = warn.mock.calls.map(([message]) => String(message)).filter((message) => message.includes('blocked'));
    warn.mockRestore();
    expect(said).toEqual(isLost ? [expect.stringContaining('1 job(s) were lost')] : []);
  });
});
