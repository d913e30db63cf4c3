import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { v7 as uuid } from 'uuid';
import type { StepStart } from '../../src/flows/step-journal.js';
import { compatibilityKey, type ClaimedJob } from '../../src/jobs/store/job-leases.js';
import type { ClaimedTask, HeldTask } from '../../src/tasks/store/task-claims.js';
import { type TestDatabase, TestDatabases } from '../harness/database.js';
import { step, TestSteps } from '../harness/steps.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

jest.setTimeout(120_000);

const LEASE = 60_000;
const KNOWN = [compatibilityKey('a-process', '1.0.0')];
const FAULT = { name: 'WorkerLostError', message: 'gone' };

const place = temporaryDirectory('task-claims');
let databases: TestDatabases;
let store: TestDatabase;
let memory: TestSteps;

beforeAll(async () => {
  databases = await TestDatabases.start();
  store = await databases.open({ DATA_DIR: place.path, MAX_RECOVERIES: '1', DATABASE_POOL: '8' });
  memory = new TestSteps(store);
});
afterAll(async () => {
  await databases.close();
  place.remove();
});

interface TaskRow {
  readonly key: string;
  readonly state_type: string;
  readonly state_name: string;
  readonly attempt: number;
  readonly epoch: number;
  readonly recoveries: number;
  readonly message: string | null;
  readonly fault: { readonly message: string } | null;
  readonly lease_until: Date | null;
  readonly dispatched_at: Date | null;
}

const remote = (key: string, members: Partial<StepStart> = {}) => step(key, { arguments: { values: [] }, ...members });
const end = (key: string) => ({ key, end: 'completed', name: 'Completed', value: key }) as const;
const dispatched = () => store.dispatch.jobs.splice(0);

/** A job whose flow has called tasks of other workers and waits for them. */
async function waiting(...steps: readonly StepStart[]): Promise<ClaimedJob> {
  const job = await store.claimed();
  const flow = memory.of(job);
  expect(await Promise.all(steps.map((one) => flow.begin(one)))).toEqual(steps.map(() => ({ do: 'suspend' })));
  await memory.suspension.suspend(job, flow.seenSignals);
  dispatched();
  return job;
}

async function claim(jobId: string, key: string): Promise<ClaimedTask> {
  const task = await store.taskClaims.claim(jobId, key, 'a-worker', LEASE, KNOWN);
  if (task === undefined) throw new Error(`the task ${key} was not to be had`);
  return task;
}

async function task(jobId: string, key: string): Promise<TaskRow> {
  return (await store.query<TaskRow>('SELECT * FROM task_run WHERE job_id = $1 AND key = $2', [jobId, key]))[0];
}

const stateOf = async (jobId: string, key?: string) => {
  const { state_type: type, state_name: name } = await (key === undefined ? store.row(jobId) : task(jobId, key));
  return `${type}/${name}`;
};

const eventsOf = async (jobId: string) => (await store.history(jobId)).map(({ type }) => type);

describe('a task with a worker of its own', () => {
  it('waits in the queue, is claimed once, and its end resumes the job that was suspended for it', async () => {
    const job = await store.claimed();
    const flow = memory.of(job);
    dispatched();
    expect(await flow.begin(remote('a'))).toEqual({ do: 'suspend' });
    expect(dispatched()).toEqual([{ id: job.id, task: 'a', dispatches: 1 }]);
    await memory.suspension.suspend(job, flow.seenSignals);
    expect(await stateOf(job.id)).toBe('PAUSED/Suspended');
    expect((await store.reader.get(job.id)).waiting_reason).toBe('waits for tasks with workers of their own');

    const claimed = await claim(job.id, 'a');
    expect(claimed).toMatchObject({ id: job.id, task: 'a', epoch: 1, attempt: 1, process_id: 'a-process' });
    expect(await store.taskClaims.claim(job.id, 'a', 'other', LEASE, KNOWN)).toBeUndefined();
    const steps = memory.ofTask(claimed);
    expect(await steps.begin(remote('a'))).toEqual({ do: 'run', attempt: 1 });
    expect(await steps.begin(step('a/inner'))).toEqual({ do: 'run', attempt: 1 });
    await steps.end(end('a/inner'));
    await steps.end(end('a'));

    expect(dispatched()).toMatchObject([{ id: job.id }]);
    expect(await stateOf(job.id)).toBe('SCHEDULED/Resuming');
    const again = await memory.again(job.id);
    expect(await again.steps.begin(remote('a'))).toEqual({ do: 'return', value: 'a' });
    expect(await eventsOf(job.id)).toEqual([
      'accepted',
      'started',
      'task-dispatched',
      'suspended',
      'task-started',
      'task-started',
      'task-completed',
      'task-completed',
      'resumed',
      'started',
    ]);
    const numbers = (await store.history(job.id)).map(({ seq }) => seq);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  });

  it('is left to a worker of its version, and says so on itself and on its job, until it has one', async () => {
    const job = await waiting(remote('a'));
    const others = [compatibilityKey('a-process', '2.0.0')];
    expect(await store.taskClaims.claim(job.id, 'a', 'other', LEASE, others)).toBeUndefined();
    expect(await store.taskClaims.postponed(job.id, 'a', others)).toEqual({ dispatches: 1, known: false });
    const reason = 'waits for a worker with a-process@1';
    expect((await task(job.id, 'a')).message).toBe(reason);
    expect((await store.reader.get(job.id)).waiting_reason).toBe(reason);

    await claim(job.id, 'a');
    expect((await task(job.id, 'a')).message).toBeNull();
    expect((await store.reader.get(job.id)).waiting_reason).toBe('waits for tasks with workers of their own');
  });

  it('gives a job that is suspended later the reason of a task that waits for a version', async () => {
    const job = await store.claimed();
    const flow = memory.of(job);
    await flow.begin(remote('a'));
    await store.taskClaims.postponed(job.id, 'a', []);
    await memory.suspension.suspend(job, flow.seenSignals);
    expect((await store.reader.get(job.id)).waiting_reason).toBe('waits for a worker with a-process@1');
  });

  it('hears nothing more from a claim that is not the last one', async () => {
    const job = await waiting(remote('a'));
    const stale = await claim(job.id, 'a');
    await store.taskClaims.crash(stale, FAULT);
    const held = await claim(job.id, 'a');
    expect(held.epoch).toBe(2);
    const before = [await task(job.id, 'a'), await store.row(job.id), await store.history(job.id)];
    dispatched();

    const steps = memory.ofTask(stale);
    await steps.begin(remote('a'));
    expect(await steps.begin(step('a/inner'))).toEqual({ do: 'stop' });
    expect(await steps.end(end('a'))).toEqual({ do: 'stop' });
    const { taskClaims } = store;
    expect(await taskClaims.crash(stale, FAULT)).toBe(false);
    expect(await taskClaims.exceed(stale, FAULT)).toBe(false);
    expect(await taskClaims.suspend(stale)).toBe(false);
    expect(await taskClaims.handBack(stale)).toBe(false);
    await taskClaims.release(stale);
    expect(await taskClaims.renew([stale], LEASE)).toEqual([]);
    expect(await store.journal.progress(stale, 50)).toBe(false);
    expect([await task(job.id, 'a'), await store.row(job.id), await store.history(job.id)]).toEqual(before);
    expect(dispatched()).toEqual([]);
    expect(await taskClaims.renew([held], LEASE)).toMatchObject([{ id: job.id, task: 'a', epoch: 2 }]);
  });

  it('gets another worker when it lost its own, until the budget is used up: then its job is given up', async () => {
    const job = await waiting(remote('a'), remote('b'));
    expect(await store.taskClaims.crash(await claim(job.id, 'a'), FAULT)).toBe(true);
    expect(dispatched()).toEqual([{ id: job.id, task: 'a', dispatches: 2 }]);
    expect(await task(job.id, 'a')).toMatchObject({
      state_type: 'PENDING',
      state_name: 'AwaitingWorker',
      recoveries: 1,
      attempt: 1,
      lease_until: null,
      fault: null,
    });
    expect(await stateOf(job.id)).toBe('PAUSED/Suspended');

    expect(await store.taskClaims.crash(await claim(job.id, 'a'), FAULT)).toBe(true);
    expect(await task(job.id, 'a')).toMatchObject({ state_type: 'CRASHED', dispatched_at: null, fault: FAULT });
    expect(dispatched()).toMatchObject([{ id: job.id }]);
    expect(await stateOf(job.id)).toBe('SCHEDULED/Resuming');
    const { steps } = await memory.again(job.id);
    expect(await steps.begin(remote('a'))).toEqual({ do: 'stop' });
    expect(steps.givenUp).toEqual({ kind: 'crashed', fault: { code: 'crashed', detail: 'gone' } });
    expect((await eventsOf(job.id)).filter((type) => /^task-(crashed|failed)/.test(type))).toEqual([
      'task-crashed',
      'task-failed',
    ]);
  });

  it('is given up between two attempts as well', async () => {
    const job = await waiting(remote('a'));
    const held = await claim(job.id, 'a');
    const steps = memory.ofTask(held);
    await steps.begin(remote('a'));
    const fault = { name: 'Error', message: 'not yet' };
    expect(await steps.end({ key: 'a', end: 'retry', delay: 100, fault })).toEqual({ do: 'go' });
    expect(await stateOf(job.id, 'a')).toBe('SCHEDULED/AwaitingRetry');
    expect(await store.taskClaims.crash(held, FAULT)).toBe(true);
    expect(await stateOf(job.id, 'a')).toBe('PENDING/AwaitingWorker');
  });

  it('that ran out of time ends its job', async () => {
    const job = await waiting(remote('a'));
    expect(await store.taskClaims.exceed(await claim(job.id, 'a'), { name: 'Error', message: 'late' })).toBe(true);
    expect(await stateOf(job.id, 'a')).toBe('FAILED/JobTimedOut');
    const { steps } = await memory.again(job.id);
    expect(await steps.begin(remote('a'))).toEqual({ do: 'stop' });
    expect(steps.givenUp).toEqual({ kind: 'timed-out', fault: { code: 'timed-out', detail: 'late' } });
  });

  it('goes back to the queue when its worker shuts down, which is no failure', async () => {
    const job = await waiting(remote('a'));
    expect(await store.taskClaims.handBack(await claim(job.id, 'a'))).toBe(true);
    expect(dispatched()).toEqual([{ id: job.id, task: 'a', dispatches: 2 }]);
    expect(await task(job.id, 'a')).toMatchObject({
      state_type: 'PENDING',
      recoveries: 0,
      attempt: 1,
      lease_until: null,
    });
    expect(await stateOf(job.id)).toBe('PAUSED/Suspended');
    expect(await claim(job.id, 'a')).toMatchObject({ epoch: 2, attempt: 1 });
  });

  it('is suspended with the steps inside of it, and goes on at once when one of them is ready', async () => {
    const job = await waiting(remote('a'));
    const sleep = step('a/sleep', { kind: 'sleep', sleep: 600_000 });
    const first = await claim(job.id, 'a');
    const steps = memory.ofTask(first);
    await steps.begin(remote('a'));
    expect(await steps.begin(sleep)).toEqual({ do: 'suspend' });
    expect(await store.taskClaims.suspend(first)).toBe(true);
    expect(await stateOf(job.id, 'a')).toBe('SCHEDULED/Suspended');
    expect(dispatched()).toMatchObject([{ id: job.id }]);

    const again = await memory.again(job.id);
    expect(await again.steps.begin(remote('a'))).toEqual({ do: 'suspend' });
    await memory.suspension.suspend(again.held, again.steps.seenSignals);
    expect(await stateOf(job.id)).toBe('SCHEDULED/Sleeping');
    await memory.passTime(job.id);
    const due = await memory.again(job.id);
    expect(await due.steps.begin(remote('a'))).toEqual({ do: 'suspend' });
    const second = await claim(job.id, 'a');
    expect(second).toMatchObject({ epoch: 2, attempt: 1 });
    dispatched();
    expect(await store.taskClaims.suspend(second)).toBe(true);
    expect(dispatched()).toMatchObject([{ id: job.id, task: 'a' }]);
    expect(await stateOf(job.id, 'a')).toBe('PENDING/AwaitingWorker');
  });

  it.each([
    ['itself', 'a/in', ['a']],
    ['a task inside of it', 'a/outer/in', ['a', 'a/outer']],
  ])('fails when the code of %s does not come to a step again (scenario 19)', async (_, missing, around) => {
    const job = await waiting(remote('a'));
    const first = await claim(job.id, 'a');
    const before = memory.ofTask(first);
    for (const key of around) await before.begin(key === 'a' ? remote(key) : step(key));
    await before.begin(step(missing));
    await before.end(end(missing));
    await store.taskClaims.crash(first, FAULT);

    const steps = memory.ofTask(await claim(job.id, 'a'));
    for (const key of around) await steps.begin(key === 'a' ? remote(key) : step(key));
    await steps.end(end(around.at(-1)!));
    expect(steps.isConcluded).toBe(true);
    expect(await stateOf(job.id, 'a')).toBe('FAILED/Failed');
    const { steps: flow } = await memory.again(job.id);
    const fault = { name: 'NonDeterminismError', message: expect.stringContaining(`"${missing}"`) as unknown };
    expect(await flow.begin(remote('a'))).toMatchObject({ do: 'throw', fault });
  });

  it('goes on at once when it was put aside although it could have gone on, whatever else in it waits', async () => {
    const job = await waiting(remote('a'));
    const held = await claim(job.id, 'a');
    const steps = memory.ofTask(held);
    await steps.begin(remote('a'));
    await steps.begin(step('a/question', { kind: 'input', request: { schema: {}, timeout: 60_000 } }));
    expect(await store.taskClaims.suspend(held, true)).toBe(true);
    expect(await stateOf(job.id, 'a')).toBe('PENDING/AwaitingWorker');
  });

  it('that had not begun when its job was paused begins after the pause', async () => {
    const job = await waiting(remote('a'));
    await memory.pauses.pause(job.id);
    expect(await store.taskClaims.claim(job.id, 'a', 'a-worker', LEASE, KNOWN)).toBeUndefined();
    const paused = await store.row(job.id);
    expect(paused.state_name).toBe('Paused');
    await memory.pauses.resume(job.id, {});
    const { steps } = await memory.again(job.id);
    expect(await steps.begin(remote('a'))).toEqual({ do: 'suspend' });
    expect(await claim(job.id, 'a')).toMatchObject({ attempt: 1 });
  });
});

describe('the time limit of a job', () => {
  const back = (jobId: string, seconds: number) =>
    store.query(`UPDATE job SET claimed_at = claimed_at - $2 * interval '1 s' WHERE id = $1`, [jobId, seconds]);
  const seconds = async (jobId: string) => {
    const rows = await store.query<{ ran: number }>('SELECT ran_ms::float8 / 1000 AS ran FROM job WHERE id = $1', [
      jobId,
    ]);
    return Math.round(rows[0].ran / 10) * 10;
  };

  it('counts the time in which tasks run, of those at the same time once', async () => {
    const job = await waiting(remote('a'), remote('b'));
    const a = await claim(job.id, 'a');
    await back(job.id, 100);
    const b = await claim(job.id, 'b');
    expect(Math.round(b.ran_ms / 10_000)).toBe(10);
    await back(job.id, 100);
    const steps = memory.ofTask(a);
    await steps.begin(remote('a'));
    await steps.end(end('a'));
    expect(await seconds(job.id)).toBe(200);
    await back(job.id, 100);
    await store.taskClaims.handBack(b);
    expect(await seconds(job.id)).toBe(300);

    // Nothing of the job runs while it waits for a worker.
    await back(job.id, 1_000);
    const again = await memory.again(job.id);
    expect(await seconds(job.id)).toBe(300);
    expect(await again.steps.begin(remote('a'))).toMatchObject({ do: 'return' });
  });

  it.each([
    ['is suspended', (held: HeldTask) => store.taskClaims.suspend(held)],
    ['loses its worker', (held: HeldTask) => store.taskClaims.crash(held, FAULT)],
  ])('counts the time of a task that %s', async (_, leave) => {
    const job = await waiting(remote('a'));
    const held = await claim(job.id, 'a');
    const steps = memory.ofTask(held);
    await steps.begin(remote('a'));
    await steps.begin(step('a/question', { kind: 'input', request: { schema: {}, timeout: 60_000 } }));
    await back(job.id, 100);
    await leave(held);
    expect(await seconds(job.id)).toBe(100);
  });
});

describe('places under limits', () => {
  const limits = (key: string) => ({ limits: [{ key, limit: 1 }] });

  it('are kept by a task whose job was dismissed, until its code has ended', async () => {
    const key = randomUUID();
    const job = await waiting(remote('a', limits(key)));
    const held = await claim(job.id, 'a');
    expect(await store.cancellation.request(job.id)).toBe('CANCELLED');

    const next = await store.claimed();
    const steps = memory.of(next);
    expect(await steps.begin(step('a', limits(key)))).toEqual({ do: 'suspend' });
    // The lease of such a task is renewed for as long as its code runs.
    expect(await store.taskClaims.renew([held], LEASE)).toMatchObject([{ task: 'a', state_type: 'CANCELLED' }]);
    await memory.suspension.suspend(next);
    dispatched();
    await store.slotQueue.freed([...steps.limitKeys]);
    expect(dispatched()).toEqual([]);

    await store.taskClaims.release(held);
    await store.slotQueue.freed([...steps.limitKeys]);
    expect(dispatched()).toMatchObject([{ id: next.id }]);
    const again = await memory.again(next.id);
    expect(await again.steps.begin(step('a', limits(key)))).toEqual({ do: 'run', attempt: 1 });
  });

  it('are kept by what runs inside of such a task, and are free when the lease of a dead worker has run out', async () => {
    const key = randomUUID();
    const job = await waiting(remote('a'));
    const held = await claim(job.id, 'a');
    const inner = memory.ofTask(held);
    await inner.begin(remote('a'));
    expect(await inner.begin(step('a/inner', limits(key)))).toEqual({ do: 'run', attempt: 1 });
    await store.cancellation.request(job.id);
    const { steps } = await begun();
    expect(await steps.begin(step('x', limits(key)))).toEqual({ do: 'suspend' });
    await store.query(`UPDATE task_run SET lease_until = now() - interval '1 s' WHERE job_id = $1 AND key = 'a'`, [
      job.id,
    ]);
    const other = await begun();
    expect(await other.steps.begin(step('x', limits(key)))).toEqual({ do: 'suspend' });
    expect(await steps.begin(step('x', limits(key)))).toEqual({ do: 'run', attempt: 1 });
  });

  it('are kept by a job of a limit whose tasks run elsewhere while it is suspended', async () => {
    const key = randomUUID();
    const admission = { concurrency: { key, limit: 1, onLimit: 'queue' } } as const;
    const worker = { id: 'a-worker', lease: LEASE, known: KNOWN, versionOf: () => '1.0.0' };
    const [first, second] = [
      await store.accepted({ id: uuid(), admission }),
      await store.accepted({ id: uuid(), admission }),
    ];
    const job = (await store.entrance.claim(first, worker))!;
    const flow = memory.of(job);
    await flow.begin(remote('a'));
    await memory.suspension.suspend(job, flow.seenSignals);
    expect(await store.entrance.claim(second, worker)).toBeUndefined();
    const held = await claim(first, 'a');
    expect(held.admission).toEqual(admission);
    await store.slotQueue.freed([key]);
    expect(await stateOf(second)).toBe('SCHEDULED/AwaitingConcurrencySlot');

    const steps = memory.ofTask(held);
    await steps.begin(remote('a'));
    await steps.end(end('a'));
    dispatched();
    await steps.left();
    expect(dispatched()).toMatchObject([{ id: second }]);
    expect(await store.entrance.claim(second, worker)).toMatchObject({ id: second });
    expect(await store.entrance.claim(first, worker)).toBeUndefined();
  });

  async function begun() {
    const held = await store.claimed();
    return { held, steps: memory.of(held) };
  }
});
