import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { v7 as uuid } from 'uuid';
import type { JobEventType } from '../../src/jobs/events/event-types.js';
import { STATUS_COLUMNS } from '../../src/jobs/store/job-row.js';
import { DeliveryHistory } from '../../src/subscriptions/store/delivery-history.js';
import { NotificationQueue, type OwedNotification } from '../../src/subscriptions/store/notification-queue.js';
import { type SubscriptionMembers, Subscriptions } from '../../src/subscriptions/store/subscriptions.js';
import { type TestDatabase, TestDatabases } from '../harness/database.js';

jest.setTimeout(60_000);

const LEASE = 60_000;
const BASE = 'https://sluice.example/ogc';
const FAULT = { code: 'process-failed', detail: 'No.' } as const;

let databases: TestDatabases;
let store: TestDatabase;
let subscriptions: Subscriptions;
let queue: NotificationQueue;
let history: DeliveryHistory;

beforeAll(async () => {
  databases = await TestDatabases.start();
  store = await databases.open();
  subscriptions = new Subscriptions(store.database);
  queue = new NotificationQueue(store.database);
  history = new DeliveryHistory(store.database);
});
beforeEach(() => store.query('TRUNCATE job, subscription, notification CASCADE'));
afterAll(() => databases.close());

async function subscribe(events: JobEventType[], members: Partial<SubscriptionMembers> = {}): Promise<string> {
  const none = { processIds: null, secret: null, description: null, enabled: true };
  const all = { url: 'https://subscriber.example/', events, ...none, ...members };
  return (await subscriptions.add(uuid(), all, BASE, 100))!.id;
}

const take = (most = 100, mostPerSubscription = 100, busy: string[] = []) =>
  queue.take(most, mostPerSubscription, busy, LEASE);
const names = (owed: readonly OwedNotification[]) => owed.map(({ seq, type }) => `${seq} ${type}`);
const owed = async (id: string) =>
  (
    await store.query<{ what: string }>(
      `SELECT seq || ' ' || type AS what FROM notification WHERE subscription_id = $1 AND due_at IS NOT NULL
       ORDER BY job_id, seq`,
      [id],
    )
  ).map(({ what }) => what);
const again = () => store.query('UPDATE notification SET due_at = now() WHERE due_at IS NOT NULL');

async function succeeded(): Promise<string> {
  const job = await store.claimed();
  await store.journal.progress(job, 50, 'half');
  await store.completion.succeed(job, []);
  return job.id;
}

describe('What a subscription is owed', () => {
  it('is written with the event, of every type that it names, whichever statement writes it', async () => {
    const ends = await subscribe(['successful', 'failed', 'dismissed']);
    const all = await subscribe(['accepted', 'started', 'progress', 'handed-back', 'crashed', 'dismiss-requested']);
    await succeeded();
    expect(await owed(ends)).toEqual(['4 successful']);
    expect(await owed(all)).toEqual(['1 accepted', '2 started', '3 progress']);

    await store.query('DELETE FROM notification');
    const failed = await store.claimed();
    await store.completion.fail(failed, 'Failed', FAULT);
    const back = await store.claimed();
    await store.leases.handBack(back, 'a test');
    const lost = await store.claimed();
    await store.completion.crash(lost, { code: 'crashed', detail: 'It died.' });
    await store.cancellation.request(await store.accepted());
    expect((await owed(ends)).sort()).toEqual(['2 dismissed', '3 failed']);
    expect((await owed(all)).filter((what) => what.startsWith('3')).sort()).toEqual(['3 crashed', '3 handed-back']);
  });

  it('is one notification per event of a statement that writes several', async () => {
    const id = await subscribe(['accepted', 'started']);
    const { acceptance } = store;
    await acceptance.acceptRunning(
      {
        id: uuid(),
        processId: 'p',
        processVersion: '1.0.0',
        inputs: {},
        response: { response: 'document', dialect: '1.0' },
      },
      'a-worker',
      LEASE,
    );
    expect(await owed(id)).toEqual(['1 accepted', '2 started']);
    // Both show the job as the statement left it.
    expect((await take())[0].job.state_type).toBe('RUNNING');
  });

  it('is of the processes that it names only', async () => {
    const one = await subscribe(['accepted'], { processIds: ['a', 'b'] });
    const every = await subscribe(['accepted']);
    for (const processId of ['a', 'b', 'c']) await store.accepted({ processId });
    expect(await owed(one)).toHaveLength(2);
    expect(await owed(every)).toHaveLength(3);
  });

  it('is nothing while it is disabled, and nothing of a change that did not happen', async () => {
    const disabled = await subscribe(['successful'], { enabled: false });
    const enabled = await subscribe(['successful']);
    const job = await store.claimed();
    expect(await store.completion.succeed({ ...job, epoch: 0 }, [])).toBe(false);
    expect(await owed(enabled)).toEqual([]);
    await store.completion.succeed(job, []);
    expect(await owed(disabled)).toEqual([]);
    expect(await owed(enabled)).toEqual(['3 successful']);
  });

  it('is rolled back with the event', async () => {
    const id = await subscribe(['accepted']);
    const client = await store.connect();
    await client.query('BEGIN');
    await client.query(
      `WITH j AS (INSERT INTO job (id, process_id, process_version, state_type, state_name, inputs, response, seq)
         VALUES ($1, 'p', '1.0.0', 'SCHEDULED', 'Scheduled', '{}', '{}', 1) RETURNING id)
       INSERT INTO job_event (job_id, seq, type) SELECT id, 1, 'accepted' FROM j`,
      [uuid()],
    );
    expect((await client.query('SELECT FROM notification')).rowCount).toBe(1);
    await client.query('ROLLBACK');
    await client.end();
    expect(await owed(id)).toEqual([]);
  });

  it('outlives the job', async () => {
    const id = await subscribe(['successful']);
    const jobId = await succeeded();
    await store.cancellation.remove(jobId);
    const [notification] = await take();
    expect(notification).toMatchObject({ job_id: jobId, seq: 4, base: BASE, subscription_id: id });
    expect(notification.job).toMatchObject({ id: jobId, state_type: 'COMPLETED', progress: 100, message: 'half' });
  });

  it('holds all that a status document is made of', async () => {
    await subscribe(['accepted']);
    const jobId = await store.accepted();
    const [row] = await store.query<object>(`SELECT ${STATUS_COLUMNS} FROM job j WHERE j.id = $1`, [jobId]);
    expect(Object.keys((await take())[0].job).sort()).toEqual(Object.keys(row).sort());
  });

  it('does not make changes of jobs wait for, or fail with, the removal of a subscription', async () => {
    const id = await subscribe(['accepted']);
    const client = await store.connect();
    await client.query('BEGIN');
    await client.query('DELETE FROM subscription WHERE id = $1', [id]);
    const jobId = await store.accepted();
    await client.query('COMMIT');
    await client.end();
    expect((await store.row(jobId)).state_type).toBe('SCHEDULED');
    expect(await take()).toEqual([]);
    expect(await owed(id)).toEqual(['1 accepted']);
    await history.forget(200);
    expect(await owed(id)).toEqual([]);
  });
});

describe(NotificationQueue.name, () => {
  it('gives of each job only the first, until that is settled, and of other jobs and subscriptions meanwhile', async () => {
    const first = await subscribe(['accepted', 'started', 'progress', 'successful']);
    const second = await subscribe(['progress', 'successful']);
    const jobId = await succeeded();
    const taken = await take();
    expect(names(taken).sort()).toEqual(['1 accepted', '3 progress']);
    expect(await take()).toEqual([]);

    const [other] = taken.filter(({ subscription_id: id }) => id === second);
    await queue.postpone(other, { status: 500, reason: 'No.' }, 3_600_000);
    const [mine] = taken.filter(({ subscription_id: id }) => id === first);
    await queue.delivered(mine, { status: 200 });
    const next = await take();
    expect(names(next)).toEqual(['2 started']);
    await queue.givenUp(next[0], { status: 400, reason: 'No.' });
    const later = await succeeded();
    const rest = await take();
    expect(rest.filter(({ job_id: id }) => id === jobId).map(({ seq }) => seq)).toEqual([3]);
    expect(rest.filter(({ job_id: id }) => id === later)).toHaveLength(2);
  });

  it('shares places out among subscriptions, and leaves out those that are busy or disabled', async () => {
    const ids = [await subscribe(['accepted']), await subscribe(['accepted']), await subscribe(['accepted'])];
    for (let count = 0; count < 5; count += 1) await store.accepted();
    await subscriptions.change(ids[2], { enabled: false });
    const taken = await take(100, 2, [ids[0]]);
    expect(taken.map(({ subscription_id: id }) => id)).toEqual([ids[1], ids[1]]);
    await subscriptions.change(ids[2], { enabled: true });
    expect((await take(100, 2, ids.slice(0, 2))).map(({ subscription_id: id }) => id)).toEqual([ids[2], ids[2]]);
  });

  it('gives a notification to one node only, and again when the outcome was never told', async () => {
    await subscribe(['accepted']);
    await store.accepted();
    const [one, other] = await Promise.all([take(), take()]);
    expect(one.length + other.length).toBe(1);
    await again();
    const [repeated] = await take();
    expect(repeated.attempts).toBe(2);
    // The late outcome of the first attempt counts for nothing.
    await queue.givenUp([...one, ...other][0], { status: 500 });
    await queue.giveBack(repeated);
    expect((await take())[0].attempts).toBe(2);
  });

  it('disables a subscription whose subscriber has gone for good, and says why', async () => {
    const id = await subscribe(['accepted']);
    await store.accepted();
    const [notification] = await take();
    await queue.givenUp(notification, { status: 410, reason: 'The subscriber answered with 410.' });
    expect(await subscriptions.find(id)).toMatchObject({
      ...{ enabled: false, disabled_reason: 'The subscriber answered with 410.', owed: 0 },
    });
    await subscriptions.change(id, { enabled: true });
    expect(await subscriptions.find(id)).toMatchObject({ enabled: true, disabled_reason: null });
  });

  it('does not blame a new URL for what the old one answered', async () => {
    const id = await subscribe(['accepted']);
    await store.accepted();
    const [notification] = await take();
    await subscriptions.change(id, { url: 'https://other.example/' });
    await queue.givenUp(notification, { status: 410, reason: 'Gone.' });
    expect(await subscriptions.find(id)).toMatchObject({ enabled: true });
  });
});

describe(Subscriptions.name, () => {
  it('never gives the secret to those who show subscriptions', async () => {
    const id = await subscribe(['accepted'], { secret: 'a-secret-of-both-of-us' });
    const rows = [await subscriptions.find(id), ...(await subscriptions.page(10)), await subscriptions.change(id, {})];
    expect(JSON.stringify(rows)).not.toContain('a-secret');
    expect(rows.map((row) => row!.is_signed)).toEqual([true, true, true]);
  });

  it('changes the given members only, and takes away what is null', async () => {
    const id = await subscribe(['accepted'], { processIds: ['p'], secret: 'a-secret-of-both-of-us', description: 'x' });
    expect(await subscriptions.change(id, { description: null })).toMatchObject({
      ...{ process_ids: ['p'], is_signed: true, description: null, events: ['accepted'] },
    });
    expect(await subscriptions.change(id, { processIds: null, secret: null, events: ['failed'] })).toMatchObject({
      ...{ process_ids: null, is_signed: false, events: ['failed'] },
    });
    expect(await subscriptions.change(uuid(), {})).toBeUndefined();
  });

  it('takes so many and no more', async () => {
    await subscribe(['accepted']);
    const members = { url: 'https://a/', events: ['accepted' as const], processIds: null, secret: null };
    const more = { ...members, description: null, enabled: true };
    expect(await subscriptions.add(uuid(), more, BASE, 1)).toBeUndefined();
    expect(await subscriptions.page(10)).toHaveLength(1);
  });

  it('removes what is owed with the subscription', async () => {
    const id = await subscribe(['accepted']);
    await store.accepted();
    expect(await subscriptions.remove(id)).toBe(true);
    expect(await owed(id)).toEqual([]);
    expect(await subscriptions.remove(id)).toBe(false);
  });
});

describe(DeliveryHistory.name, () => {
  it('lists what became of notifications, latest first, page by page', async () => {
    const id = await subscribe(['accepted', 'started', 'progress', 'successful']);
    await succeeded();
    const [first] = await take();
    await queue.postpone(first, { status: 503, reason: 'No.' }, 3_600_000);
    const page = await history.page(id, 3);
    expect(page.map(({ type }) => type)).toEqual(['successful', 'progress', 'started']);
    const { position, job_id: jobId, seq } = page[2];
    expect(await history.page(id, 3, [position, jobId, seq])).toMatchObject([
      { type: 'accepted', state: 'owed', attempts: 1, status: 503, reason: 'No.', due_at: expect.any(Date) as unknown },
    ]);
  });

  it('drops the oldest of what is too much, and counts it', async () => {
    const id = await subscribe(['accepted']);
    for (let count = 0; count < 5; count += 1) await store.accepted();
    const before = await history.page(id, 10);
    expect(await history.drop(3, 60_000)).toEqual([{ id, dropped: 2 }]);
    expect(await history.page(id, 10)).toEqual(before.slice(0, 3));
    expect(await subscriptions.find(id)).toMatchObject({ dropped: 2, owed: 3 });
    expect(await history.drop(3, 60_000)).toEqual([]);
  });

  it('drops what a disabled subscription has been owed for too long', async () => {
    const id = await subscribe(['accepted']);
    await store.accepted();
    await subscriptions.change(id, { enabled: false });
    expect(await history.drop(3, 60_000)).toEqual([]);
    await store.query(`UPDATE notification SET at = now() - interval '2 minutes'`);
    expect(await history.drop(3, 60_000)).toEqual([{ id, dropped: 1 }]);
  });

  it('forgets the oldest of what is settled, and nothing that is owed', async () => {
    const id = await subscribe(['accepted']);
    for (let count = 0; count < 4; count += 1) await store.accepted();
    const taken = await take();
    for (const notification of taken.slice(0, 3)) await queue.delivered(notification, { status: 200 });
    await history.forget(1);
    expect((await history.page(id, 10)).map(({ state }) => state).sort()).toEqual(['delivered', 'owed']);
  });
});
