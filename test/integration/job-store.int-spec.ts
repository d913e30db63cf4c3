import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { LogLine } from '../../src/engine/execution-unit.js';
import { CANCEL_CHANNEL, JOB_CHANNEL } from '../../src/jobs/job-channels.js';
import type { HeldLease } from '../../src/jobs/store/job-leases.js';
import type { JobPosition } from '../../src/jobs/store/job-list.js';
import { STATUS_COLUMNS } from '../../src/jobs/store/job-row.js';
import { eventually } from '../harness/backends.js';
import { newJob, type TestDatabase, TestDatabases } from '../harness/database.js';

jest.setTimeout(60_000);

const LEASE = 60_000;
const FAULT = { code: 'crashed', detail: 'The executor died.' } as const;
const VALUE = { id: 'result', mediaType: 'application/json', value: 1 };

/** Texts that a PostgreSQL `text` refuses, and that JSON allows. */
const ODD_TEXT = 'nul \0 lone \ud800 pair \u{1f600} end';
const STORABLE_TEXT = 'nul \ufffd lone \ufffd pair \u{1f600} end';

let databases: TestDatabases;
let store: TestDatabase;

beforeAll(async () => {
  databases = await TestDatabases.start();
  store = await databases.open({ MAX_RECOVERIES: '2' });
});
afterAll(() => databases.close());

const types = async (jobId: string) => (await store.history(jobId)).map(({ type }) => type);
const line = (message: string, members: Partial<LogLine> = {}): LogLine => ({
  level: 'info',
  message,
  time: '2026-01-02T03:04:05.678Z',
  ...members,
});

describe('JobAcceptance', () => {
  it('stores a job with its first event in one statement (P1)', async () => {
    const row = await store.acceptance.accept(newJob());
    expect(row).toMatchObject({ process_id: 'a-process', state_type: 'SCHEDULED', state_name: 'Scheduled' });
    expect(await types(row.id)).toEqual(['accepted']);
    expect(await store.row(row.id)).toMatchObject({ seq: 1, epoch: 0, dispatches: 1, recoveries: 0 });
  });

  it('leaves neither job nor event when the statement fails (P1)', async () => {
    const job = newJob();
    await store.acceptance.accept(job);
    await expect(store.acceptance.accept(job)).rejects.toMatchObject({ code: '23505' });
    expect(await types(job.id)).toEqual(['accepted']);
  });

  it('gives birth to a job that this node runs at once, under a lease', async () => {
    const { id } = await store.acceptance.acceptRunning(newJob(), 'this-node', LEASE);
    const row = await store.row(id);
    expect(row).toMatchObject({ state_type: 'RUNNING', epoch: 1, seq: 2, worker_id: 'this-node' });
    expect(row.lease_until!.getTime()).toBeGreaterThan(Date.now());
    expect(await types(id)).toEqual(['accepted', 'started']);
    expect(await store.leases.claim(id, 'another', LEASE)).toBeUndefined();
  });

  it('tells of a job that was stored with others what its row says', async () => {
    const jobs = [newJob(), newJob({ response: { ...newJob().response, outputs: [] } })];
    const accepted = await Promise.all([
      ...jobs.map((job) => store.acceptance.accept({ ...job, id: randomUUID() })),
      ...jobs.map((job) => store.acceptance.acceptRunning(job, 'this-node', LEASE)),
    ]);
    for (const job of accepted) {
      const { request_digest: digest, ...row } = job;
      expect(digest).toBeNull();
      const [read] = await store.query<object>(`SELECT ${STATUS_COLUMNS} FROM job j WHERE id = $1`, [job.id]);
      expect(row).toEqual(read);
    }
    expect(accepted.map(({ wants_nothing: nothing }) => nothing)).toEqual([null, true, null, true]);
  });

  it('gives birth to many at once as to each alone: a fault of one harms no other', async () => {
    const taken = newJob();
    await store.acceptance.accept(taken);
    const jobs = [newJob(), newJob({ storage: 's3/results', inputs: { a: 1 } }), taken, newJob()];
    const born = await Promise.allSettled(jobs.map((job) => store.acceptance.acceptRunning(job, 'this-node', LEASE)));
    expect(born.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    expect(born[2]).toMatchObject({ reason: { code: '23505' } });
    for (const { id } of [jobs[0], jobs[1], jobs[3]]) {
      expect(await store.row(id)).toMatchObject({ state_type: 'RUNNING', epoch: 1, seq: 2, worker_id: 'this-node' });
      expect((await store.history(id)).map(({ seq, type, data }) => [seq, type, data])).toEqual([
        [1, 'accepted', null],
        [2, 'started', { attempt: 1, worker: 'this-node' }],
      ]);
    }
    expect(await store.query('SELECT storage, inputs FROM job WHERE id = $1', [jobs[1].id])).toEqual([
      { storage: 's3/results', inputs: { a: 1 } },
    ]);
  });

  it('answers a repeated request with the job of the first one, also when both come at once', async () => {
    const idempotency = { key: randomUUID(), digest: 'x' };
    const rows = await Promise.all(Array.from({ length: 8 }, () => store.acceptance.accept(newJob({ idempotency }))));
    expect(new Set(rows.map(({ id }) => id)).size).toBe(1);
    expect(await types(rows[0].id)).toEqual(['accepted']);
    expect(await store.reader.findByIdempotencyKey(idempotency.key)).toMatchObject({ id: rows[0].id });
  });
});

describe('JobLeases.claim', () => {
  it('takes a waiting job, in a new epoch each time', async () => {
    const inputs = { z: 1, a: 2 };
    const id = await store.accepted({ inputs });
    const first = await store.leases.claim(id, 'one', LEASE);
    expect(first).toMatchObject({ id, epoch: 1, process_id: 'a-process', inputs, staged: null });
    await store.leases.handBack(first!, 'shutdown');
    expect(await store.leases.claim(id, 'two', LEASE)).toMatchObject({ id, epoch: 2 });
    expect(await store.row(id)).toMatchObject({ state_type: 'RUNNING', worker_id: 'two' });
    expect(await types(id)).toEqual(['accepted', 'started', 'handed-back', 'started']);
  });

  it('takes no job that is running, cancelling, finished or gone', async () => {
    const running = await store.claimed();
    const cancelling = await store.claimed();
    await store.cancellation.request(cancelling.id);
    const dismissed = await store.accepted();
    await store.cancellation.request(dismissed);
    const completed = await store.claimed();
    await store.completion.succeed(completed, []);
    const failed = await store.claimed();
    await store.completion.fail(failed, 'Failed', FAULT);
    for (const id of [running.id, cancelling.id, dismissed, completed.id, failed.id, randomUUID()]) {
      const before = await store.history(id);
      expect(await store.leases.claim(id, 'another', LEASE)).toBeUndefined();
      expect(await store.history(id)).toEqual(before);
    }
  });

  it('has exactly one winner when nodes claim one job at once', async () => {
    for (let round = 0; round < 50; round += 1) {
      const id = await store.accepted();
      const claims = await Promise.all(['a', 'b', 'c'].map((node) => store.leases.claim(id, node, LEASE)));
      expect(claims.filter((claim) => claim !== undefined)).toHaveLength(1);
      expect(await types(id)).toEqual(['accepted', 'started']);
    }
  });
});

describe('JobLeases.renew', () => {
  it('extends what is held, tells what is being cancelled, and leaves out what is lost', async () => {
    const [running, cancelling, stolen, ended] = await Promise.all([1, 2, 3, 4].map(() => store.claimed(1_000)));
    await store.cancellation.request(cancelling.id);
    await store.leases.handBack(stolen, 'x');
    await store.leases.claim(stolen.id, 'another', 1_000);
    await store.completion.succeed(ended, []);

    const renewed = await store.leases.renew([running, cancelling, stolen, ended], 3_600_000);
    expect(renewed.sort((a, b) => a.state_type.localeCompare(b.state_type))).toEqual([
      { id: cancelling.id, epoch: 1, state_type: 'CANCELLING' },
      { id: running.id, epoch: 1, state_type: 'RUNNING' },
    ]);
    const [{ extended }] = await store.query<{ extended: string[] }>(
      `SELECT array_agg(id::text) AS extended FROM job WHERE lease_until > now() + interval '59 minutes'
       AND id = ANY($1)`,
      [[running.id, cancelling.id, stolen.id, ended.id]],
    );
    expect(extended.sort()).toEqual([running.id, cancelling.id].sort());
  });

  it('is not the business of the history: a heartbeat is no event', async () => {
    const held = await store.claimed();
    await store.leases.renew([held], LEASE);
    expect(await types(held.id)).toEqual(['accepted', 'started']);
  });
});

describe('a success that is told again, as after an answer that was lost', () => {
  it('counts, and is stored once', async () => {
    const held = await store.claimed();
    expect(await store.completion.succeed(held, [VALUE])).toBe(true);
    expect(await store.completion.succeed(held, [VALUE])).toBe(true);
    expect((await store.history(held.id)).map(({ type }) => type)).toEqual(['accepted', 'started', 'successful']);
  });

  it('does not count where another ending came first', async () => {
    const held = await store.claimed();
    await store.completion.fail(held, 'Failed', { code: 'process-failed', detail: 'x' });
    expect(await store.completion.succeed(held, [VALUE])).toBe(false);
  });
});

describe('a stale epoch', () => {
  const writes: [string, (held: HeldLease) => Promise<unknown>, unknown][] = [
    ['progress', (held) => store.journal.progress(held, 50, 'late'), false],
    ['log', (held) => store.journal.log(held, [line('late')]), undefined],
    ['succeed', (held) => store.completion.succeed(held, [VALUE]), false],
    ['fail', (held) => store.completion.fail(held, 'TimedOut', FAULT), false],
    ['crash', (held) => store.completion.crash(held, FAULT), undefined],
    ['handBack', (held) => store.leases.handBack(held, 'late'), undefined],
    ['confirm', (held) => store.cancellation.confirm(held), false],
    ['renew', (held) => store.leases.renew([held], LEASE), []],
  ];

  const everything = async (id: string) => ({
    row: await store.query('SELECT * FROM job WHERE id = $1', [id]),
    history: await store.history(id),
    outputs: await store.reader.outputs(id),
    log: await store.reader.logPage(id, ['debug', 'info', 'warn', 'error'], 10),
  });

  it.each(writes)('%s by a worker that lost the job changes nothing and writes no event', async (_, write, answer) => {
    const stale = await store.claimed();
    await store.leases.handBack(stale, 'x');
    await store.leases.claim(stale.id, 'another', LEASE);
    const before = await everything(stale.id);
    expect(await write(stale)).toEqual(answer);
    expect(await everything(stale.id)).toEqual(before);
  });

  it.each(writes)('%s by a worker that lost a cancelling job changes nothing either', async (_, write, answer) => {
    const stale = await store.claimed();
    await store.leases.handBack(stale, 'x');
    await store.leases.claim(stale.id, 'another', LEASE);
    await store.cancellation.request(stale.id);
    const before = await everything(stale.id);
    expect(await write(stale)).toEqual(answer);
    expect(await everything(stale.id)).toEqual(before);
  });

  it('has one end only, when the worker succeeds, fails and crashes while a client dismisses (P5)', async () => {
    for (let round = 0; round < 25; round += 1) {
      const held = await store.claimed();
      await Promise.all([
        store.completion.succeed(held, [VALUE]),
        store.completion.fail(held, 'Failed', FAULT),
        store.completion.crash(held, FAULT),
        store.cancellation.request(held.id).then(() => store.cancellation.confirm(held)),
      ]);
      const history = await store.history(held.id);
      expect(history.map(({ seq }) => seq)).toEqual(history.map((_, index) => index + 1));
      const ends = history.filter(({ type }) => ['successful', 'failed', 'dismissed'].includes(type));
      const { state_type } = await store.row(held.id);
      // A crash puts the job back; then nobody has ended it, or the client has.
      expect(ends).toHaveLength(state_type === 'SCHEDULED' ? 0 : 1);
      expect(await store.reader.outputs(held.id)).toHaveLength(state_type === 'COMPLETED' ? 1 : 0);
    }
  });
});

describe('JobCompletion', () => {
  it('makes state, outputs and event visible together', async () => {
    const held = await store.claimed();
    const file = { id: 'file', mediaType: 'text/csv', file: 'jobs/x/1/outputs/file', size: 2 ** 40, sha256: 'ab' };
    expect(await store.completion.succeed(held, [VALUE, file])).toBe(true);
    expect(await store.row(held.id)).toMatchObject({
      state_type: 'COMPLETED',
      progress: 100,
      lease_until: null,
      finished_at: expect.any(Date),
      expires_at: expect.any(Date),
    });
    expect(await types(held.id)).toEqual(['accepted', 'started', 'successful']);
    expect(await store.reader.outputs(held.id)).toEqual([
      { output_id: 'result', value: 1, file: null, media_type: 'application/json', size: null, sha256: null },
      { output_id: 'file', value: null, file: file.file, media_type: 'text/csv', size: String(2 ** 40), sha256: 'ab' },
    ]);
  });

  it('commits nothing of an end whose outputs cannot be stored', async () => {
    const held = await store.claimed();
    await expect(store.completion.succeed(held, [VALUE, VALUE])).rejects.toMatchObject({ code: '23505' });
    expect(await store.row(held.id)).toMatchObject({ state_type: 'RUNNING', seq: 2 });
    expect(await store.reader.outputs(held.id)).toEqual([]);
  });

  it('keeps for a failed job why it failed', async () => {
    const held = await store.claimed();
    const fault = { code: 'crashed', detail: 'Too much.', errors: [{ pointer: '/a', detail: 'b' }] } as const;
    expect(await store.completion.fail(held, 'TimedOut', fault)).toBe(true);
    expect(await store.reader.get(held.id)).toMatchObject({
      state_type: 'FAILED',
      state_name: 'TimedOut',
      message: 'Too much.',
      fault,
    });
  });

  it('queues a crashed job again MAX_RECOVERIES times, then gives it up', async () => {
    const id = await store.accepted();
    const outcomes = [];
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      const held = await store.leases.claim(id, 'a-worker', LEASE);
      outcomes.push(await store.completion.crash(held!, FAULT));
    }
    expect(outcomes).toMatchObject([
      { id, state_type: 'SCHEDULED', dispatches: 2 },
      { id, state_type: 'SCHEDULED', dispatches: 3 },
      { id, state_type: 'CRASHED' },
    ]);
    expect(await store.leases.claim(id, 'a-worker', LEASE)).toBeUndefined();
    expect(await store.reader.get(id)).toMatchObject({ state_name: 'Crashed', fault: FAULT, recoveries: 3 });
    expect(await types(id)).toEqual([...['accepted', 'started', 'crashed', 'started', 'crashed', 'started', 'failed']]);
  });

  it('says nothing of a crash any more once the job runs again', async () => {
    const held = await store.claimed();
    await store.journal.progress(held, 40, 'almost half');
    await store.completion.crash(held, FAULT);
    expect(await store.row(held.id)).toMatchObject({ message: FAULT.detail, progress: 40 });
    await store.leases.claim(held.id, 'another', 60_000);
    expect(await store.row(held.id)).toMatchObject({ message: null, progress: null });
  });

  it('gives a job up at its first crash when MAX_RECOVERIES is 0', async () => {
    const strict = await databases.open({ MAX_RECOVERIES: '0' });
    expect(await strict.completion.crash(await strict.claimed(), FAULT)).toMatchObject({ state_type: 'CRASHED' });
  });
});

describe('JobCancellation', () => {
  it('dismisses a waiting job at once', async () => {
    const id = await store.accepted();
    expect(await store.cancellation.request(id)).toBe('CANCELLED');
    expect(await store.row(id)).toMatchObject({ finished_at: expect.any(Date), expires_at: expect.any(Date) });
    expect(await types(id)).toEqual(['accepted', 'dismissed']);
  });

  it('asks a running job to stop; it is dismissed when its worker says so', async () => {
    const held = await store.claimed();
    expect(await store.cancellation.request(held.id)).toBe('CANCELLING');
    expect(await store.row(held.id)).toMatchObject({ finished_at: null, expires_at: null });
    expect(await store.cancellation.confirm(held)).toBe(true);
    expect(await store.row(held.id)).toMatchObject({ state_type: 'CANCELLED', lease_until: null });
    expect(await types(held.id)).toEqual(['accepted', 'started', 'dismiss-requested', 'dismissed']);
  });

  it('takes no result of a job that is being dismissed (P7)', async () => {
    const held = await store.claimed();
    await store.cancellation.request(held.id);
    expect(await store.completion.succeed(held, [VALUE])).toBe(false);
    expect(await store.completion.fail(held, 'Failed', FAULT)).toBe(false);
    expect(await store.completion.crash(held, FAULT)).toBeUndefined();
    expect(await store.leases.handBack(held, 'shutdown')).toBeUndefined();
    expect(await store.journal.progress(held, 99)).toBe(false);
    expect(await store.row(held.id)).toMatchObject({ state_type: 'CANCELLING', seq: 3 });
  });

  it('is asked once: a second request and one for a finished or unknown job change nothing', async () => {
    const cancelling = await store.claimed();
    await store.cancellation.request(cancelling.id);
    const completed = await store.claimed();
    await store.completion.succeed(completed, []);
    for (const id of [cancelling.id, completed.id, randomUUID()]) {
      const before = await store.history(id);
      expect(await store.cancellation.request(id)).toBeUndefined();
      expect(await store.history(id)).toEqual(before);
    }
  });

  it('confirms only what is being dismissed', async () => {
    const held = await store.claimed();
    expect(await store.cancellation.confirm(held)).toBe(false);
    expect(await store.cancellation.force(held.id)).toBe(false);
    expect(await store.row(held.id)).toMatchObject({ state_type: 'RUNNING', seq: 2 });
  });

  it('by force fences the worker off', async () => {
    const held = await store.claimed();
    await store.cancellation.request(held.id);
    expect(await store.cancellation.force(held.id)).toBe(true);
    expect(await store.row(held.id)).toMatchObject({ state_type: 'CANCELLED', epoch: 2 });
    expect((await store.history(held.id)).at(-1)).toMatchObject({ type: 'dismissed', data: { forced: true } });
    await store.journal.log(held, [line('late')]);
    expect(await store.reader.logPage(held.id, ['info'], 10)).toEqual([]);
    expect(await store.cancellation.confirm(held)).toBe(false);
    expect(await store.leases.renew([held], LEASE)).toEqual([]);
  });

  it('removes a finished job with all that belongs to it, and no other job', async () => {
    const held = await store.claimed();
    await store.journal.log(held, [line('x')]);
    expect(await store.cancellation.remove(held.id)).toBeUndefined();
    await store.completion.succeed(held, [VALUE]);
    expect(await store.cancellation.remove(held.id)).toMatchObject({ id: held.id, state_type: 'COMPLETED' });
    for (const table of ['job_event', 'job_log', 'job_output']) {
      expect(await store.query(`SELECT 1 FROM ${table} WHERE job_id = $1`, [held.id])).toEqual([]);
    }
    await expect(store.reader.get(held.id)).rejects.toMatchObject({ code: 'no-such-job' });
    expect(await store.cancellation.remove(held.id)).toBeUndefined();
  });

  it('wakes the waiters of a job that has ended, and the worker of one that is to end', async () => {
    const client = await store.connect();
    const heard = new Set<string>();
    // A payload may name several jobs.
    client.on('notification', ({ channel, payload }) => {
      for (const id of payload!.split(',')) heard.add(`${channel} ${id}`);
    });
    await client.query(`LISTEN ${JOB_CHANNEL}; LISTEN ${CANCEL_CHANNEL}`);
    const waiting = await store.accepted();
    await store.cancellation.request(waiting);
    const [running, succeeding, failing] = [await store.claimed(), await store.claimed(), await store.claimed()];
    await store.cancellation.request(running.id);
    await store.cancellation.confirm(running);
    await store.completion.succeed(succeeding, []);
    await store.completion.fail(failing, 'Failed', FAULT);
    const expected = [
      `${JOB_CHANNEL} ${waiting}`,
      `${CANCEL_CHANNEL} ${running.id}`,
      `${JOB_CHANNEL} ${running.id}`,
      `${JOB_CHANNEL} ${succeeding.id}`,
      `${JOB_CHANNEL} ${failing.id}`,
    ];
    const all = () => Promise.resolve(expected.every((notice) => heard.has(notice)) || undefined);
    await eventually(all, `the notices ${expected.join(', ')} are heard`);
    await client.end();
    expect(heard.has(`${CANCEL_CHANNEL} ${waiting}`)).toBe(false);
  });
});

describe('JobRecovery', () => {
  it('finds running jobs whose lease has run out, and no other (P6)', async () => {
    const [expired, healthy, cancelling] = [await store.claimed(0), await store.claimed(), await store.claimed(0)];
    await store.cancellation.request(cancelling.id);
    const lost = (await store.recovery.lost(1_000)).map(({ id }) => id);
    expect(lost).toContain(expired.id);
    expect(lost).not.toContain(healthy.id);
    expect(lost).not.toContain(cancelling.id);
  });

  it('finds dismissals whose worker is gone or does not answer', async () => {
    const [gone, silent, prompt] = [await store.claimed(0), await store.claimed(), await store.claimed()];
    for (const { id } of [gone, silent, prompt]) await store.cancellation.request(id);
    await store.query(`UPDATE job SET cancel_requested_at = now() - interval '1 hour' WHERE id = $1`, [silent.id]);
    const stuck = await store.recovery.stuckCancelling(1_000);
    expect(stuck).toEqual(expect.arrayContaining([gone.id, silent.id]));
    expect(stuck).not.toContain(prompt.id);
  });

  it('removes jobs past their time, in the given number', async () => {
    const expired = [];
    for (let n = 0; n < 5; n += 1) {
      const held = await store.claimed();
      await store.completion.succeed(held, [VALUE]);
      expired.push(held.id);
    }
    const kept = await store.claimed();
    await store.completion.succeed(kept, [VALUE]);
    await store.query(`UPDATE job SET expires_at = now() - interval '1 ms' WHERE id = ANY($1)`, [expired]);
    const removed = [...(await store.recovery.expire(3)), ...(await store.recovery.expire(3))];
    expect(removed.sort()).toEqual(expired.sort());
    expect(await store.recovery.expire(3)).toEqual([]);
    expect((await store.reader.states([...expired, kept.id])).map(({ id }) => id)).toEqual([kept.id]);
  });

  it('gives waiting jobs, and only those, a new entry number', async () => {
    const waiting = await store.accepted();
    const running = await store.claimed();
    expect(await store.recovery.redispatch([waiting, running.id])).toEqual([{ id: waiting, dispatches: 2 }]);
    expect(await store.row(running.id)).toMatchObject({ dispatches: 1 });
  });

  it('pages through all jobs that wait since a while', async () => {
    const database = await databases.open();
    const ids = [];
    for (let n = 0; n < 7; n += 1) ids.push(await database.accepted());
    await database.age(ids);
    const fresh = await database.accepted();
    expect(await database.recovery.countWaiting(5_000)).toBe(7);
    const seen: string[] = [];
    for (;;) {
      const page = await database.recovery.waiting(5_000, seen.at(-1), 3);
      seen.push(...page.map(({ id }) => id));
      if (page.length < 3) break;
    }
    expect(seen).toEqual([...ids].sort());
    expect(seen).not.toContain(fresh);
  });
});

describe('what clients and processes say', () => {
  const odd = { z: 1, a: { text: ODD_TEXT, y: null, b: [1.5, -0, 1e300, ''] }, '\0': '\udfff' };

  it('comes back from JSON columns as it was: members in order, NUL, lone surrogates', async () => {
    const id = await store.accepted({ inputs: odd });
    const held = await store.leases.claim(id, 'w', LEASE);
    expect(JSON.stringify(held!.inputs)).toBe(JSON.stringify(odd));
    await store.journal.log(held!, [line('x', { data: odd })]);
    await store.completion.succeed(held!, [
      { ...VALUE, value: odd },
      { ...VALUE, id: 'none', value: null },
    ]);
    const outputs = new Map((await store.reader.outputs(id)).map((output) => [output.output_id, output.value]));
    expect(JSON.stringify(outputs.get('result'))).toBe(JSON.stringify(odd));
    expect(outputs.get('none')).toBeNull();
    const [{ data }] = await store.reader.logPage(id, ['info'], 1);
    expect(JSON.stringify(data)).toBe(JSON.stringify(odd));
  });

  it('is made storable where a column is text', async () => {
    const held = await store.claimed();
    expect(await store.journal.progress(held, 10, ODD_TEXT)).toBe(true);
    expect(await store.row(held.id)).toMatchObject({ message: STORABLE_TEXT, progress: 10 });
    await store.journal.log(held, [line(ODD_TEXT)]);
    expect(await store.reader.logPage(held.id, ['info'], 1)).toMatchObject([{ message: STORABLE_TEXT }]);
    const fault = { code: 'crashed', detail: ODD_TEXT } as const;
    expect(await store.completion.crash(held, fault)).toBeDefined();
    const again = await store.leases.claim(held.id, 'w', LEASE);
    expect(await store.completion.fail(again!, 'Failed', fault)).toBe(true);
    expect(await store.reader.get(held.id)).toMatchObject({ message: STORABLE_TEXT, fault });
  });

  it('keeps the last message when progress comes without one', async () => {
    const held = await store.claimed();
    await store.journal.progress(held, 10, 'reading');
    await store.journal.progress(held, 20);
    expect(await store.row(held.id)).toMatchObject({ message: 'reading', progress: 20 });
    expect((await store.history(held.id)).slice(2)).toEqual([
      { seq: 3, type: 'progress', data: { progress: 10, message: 'reading' } },
      { seq: 4, type: 'progress', data: { progress: 20 } },
    ]);
  });
});

describe('the history of a job', () => {
  /** Rows of jobs that there are none of. */
  const orphans = (database: TestDatabase) =>
    database.query(
      `SELECT job_id FROM (SELECT job_id FROM job_event UNION ALL SELECT job_id FROM job_output) rows
       WHERE NOT EXISTS (SELECT FROM job WHERE id = job_id)`,
    );
  const finished = async (database: TestDatabase) => {
    const job = await database.claimed();
    await database.completion.succeed(job, [VALUE]);
    return job.id;
  };
  /** Waits until a statement waits for the row of the job. @param fragment of its text */
  const stopped = (database: TestDatabase, fragment: string) => {
    const waiting = `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%${fragment}%'`;
    return eventually(async () => (await database.query(waiting))[0], `a statement with "${fragment}" is stopped`);
  };

  it('goes with it, and nothing of any other, whoever removes it in whatever way', async () => {
    const database = await databases.open();
    const [kept, removed, deleted] = [await finished(database), await finished(database), await finished(database)];
    await database.cancellation.remove(removed);
    await database.query(`SET search_path = public; DELETE FROM sluice.job WHERE id = '${deleted}'; RESET search_path`);
    expect(await orphans(database)).toEqual([]);
    expect((await database.history(kept)).map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(await database.query('SELECT job_id FROM job_output WHERE job_id = $1', [kept])).toHaveLength(1);

    await database.query(`UPDATE job SET expires_at = now() - interval '1 s'`);
    await database.recovery.expire(10);
    expect(await database.query('SELECT FROM job_event UNION ALL SELECT FROM job_output')).toEqual([]);
  });

  it('goes when all jobs do', async () => {
    const database = await databases.open();
    await finished(database);
    await database.query('SET search_path = public; TRUNCATE sluice.job CASCADE; RESET search_path');
    expect(await orphans(database)).toEqual([]);
  });

  it('gets nothing more from one who was about to write it while the job was removed', async () => {
    const database = await databases.open();
    const job = await database.claimed();
    const other = await database.connect();
    await other.query('BEGIN');
    await other.query('DELETE FROM job WHERE id = $1', [job.id]);
    const progress = database.journal.progress(job, 50);
    await stopped(database, 'progress');
    await other.query('COMMIT');
    await other.end();
    await progress;
    expect(await orphans(database)).toEqual([]);
  });

  it('is removed also where it was written while the one who removes the job waited', async () => {
    const database = await databases.open();
    const id = await finished(database);
    const writer = await database.connect();
    await writer.query('BEGIN');
    await writer.query(
      `WITH j AS (UPDATE job SET seq = seq + 1 WHERE id = $1 RETURNING id, seq)
       INSERT INTO job_event (job_id, seq, type) SELECT id, seq, 'callback' FROM j`,
      [id],
    );
    const removal = database.cancellation.remove(id);
    await stopped(database, 'DELETE FROM job ');
    await writer.query('COMMIT');
    await writer.end();
    await removal;
    expect(await database.query('SELECT FROM job_event UNION ALL SELECT FROM job_output')).toEqual([]);
  });
});

describe('JobReader', () => {
  it('pages log lines in the order of writing, whatever their times, and filters by level', async () => {
    const held = await store.claimed();
    const levels = ['debug', 'info', 'warn', 'error'] as const;
    const lines = Array.from({ length: 25 }, (_, n) =>
      line(String(n), { level: levels[n % 4], time: new Date(2_000_000_000_000 - n * 1_000).toISOString() }),
    );
    for (let from = 0; from < 25; from += 10) await store.journal.log(held, lines.slice(from, from + 10));
    const read = async (wanted: readonly (typeof levels)[number][]) => {
      const seen: string[] = [];
      let after: string | undefined;
      for (;;) {
        const page = await store.reader.logPage(held.id, wanted, 7, after);
        seen.push(...page.map(({ message }) => message));
        if (page.length < 7) return seen;
        after = page.at(-1)!.id;
      }
    };
    expect(await read(levels)).toEqual(lines.map(({ message }) => message));
    expect(await read(['warn', 'error'])).toEqual(
      lines.filter(({ level }) => level === 'warn' || level === 'error').map(({ message }) => message),
    );
  });

  it('lists jobs page by page without loss or repetition while others are accepted and removed', async () => {
    const database = await databases.open();
    const ids: string[] = [];
    for (let n = 0; n < 20; n += 1) ids.push(await database.accepted());
    // Several of one microsecond, and neighbours that differ by a microsecond only.
    await database.query(`UPDATE job SET created_at = timestamptz '2026-01-02 03:04:05.123456Z' WHERE id = ANY($1)`, [
      ids.slice(0, 8),
    ]);
    await database.query(`UPDATE job SET created_at = timestamptz '2026-01-02 03:04:05.123457Z' WHERE id = ANY($1)`, [
      ids.slice(8, 12),
    ]);
    const ordered = await database.query<{ id: string }>('SELECT id FROM job ORDER BY created_at DESC, id DESC');
    const seen: string[] = [];
    let after: JobPosition | undefined;
    for (;;) {
      const page = await database.list.read({}, { limit: 3, after });
      seen.push(...page.map(({ id }) => id));
      if (page.length < 3) break;
      const last = page.at(-1)!;
      after = { created: last.created_micros, id: last.id };
      await database.accepted();
      await database.query('DELETE FROM job WHERE id = $1', [seen[0]]);
    }
    expect(seen).toEqual(ordered.map(({ id }) => id));
  });

  it.each(['nonsense', '', "' OR 1=1 --", '0'.repeat(36), randomUUID()])('knows no job %p', async (id) => {
    await expect(store.reader.get(id)).rejects.toMatchObject({ code: 'no-such-job' });
  });
});
