import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { InputRequest } from '../../src/flows/step-journal.js';
import type { HeldLease } from '../../src/jobs/store/job-leases.js';
import type { RegisteredProcess } from '../../src/processes/registered-process.js';
import { type TestDatabase, TestDatabases } from '../harness/database.js';
import { step, TestSteps } from '../harness/steps.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

jest.setTimeout(60_000);

const place = temporaryDirectory('steps');
let databases: TestDatabases;
let store: TestDatabase;
let memory: TestSteps;

const FAULT = { name: 'Error', message: 'nul \0 and no \ud800 luck' };
const QUESTION: InputRequest = { schema: { type: 'object' }, message: 'Is it good?', timeout: 60_000 };

beforeAll(async () => {
  databases = await TestDatabases.start();
  store = await databases.open({ DATA_DIR: place.path });
  memory = new TestSteps(store);
  memory.registry.fill([
    {
      description: { id: 'child', version: '1.2.0', inputs: {}, outputs: {} },
      policy: {},
      validateInputs: (inputs: Record<string, unknown>) =>
        typeof inputs.n === 'number' ? [] : [{ pointer: '/inputs/n', detail: 'This member is required.' }],
    } as unknown as RegisteredProcess,
  ]);
});
afterAll(async () => {
  await databases.close();
  place.remove();
});

const types = async (jobId: string) => (await store.history(jobId)).map(({ type }) => type);

/** A job that this worker runs, with its steps. */
const running = async () => {
  const held = await store.claimed();
  return { held, id: held.id, steps: memory.of(held) };
};

/** The events of a job are numbered from 1 without gaps, and the row knows the last number. */
const expectNoGaps = async (jobId: string) => {
  const numbers = (await store.history(jobId)).map(({ seq }) => seq);
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  expect((await store.row(jobId)).seq).toBe(numbers.length);
};

/** As when its worker dies. */
const crash = (held: HeldLease) => store.completion.crash(held, { code: 'crashed', detail: 'gone' });

describe('a step that ran', () => {
  it('begins with a row and an event, and ends with a result that a replay returns', async () => {
    const { held, id, steps } = await running();
    expect(await steps.begin(step('a', { tags: ['x'], after: [] }))).toEqual({ do: 'run', attempt: 1 });
    expect(await steps.end({ key: 'a', end: 'completed', name: 'Completed', value: { n: [1, null] } })).toEqual({
      do: 'go',
    });
    expect(await steps.begin(step('b'))).toEqual({ do: 'run', attempt: 1 });
    await steps.end({ key: 'b', end: 'completed', name: 'Completed' });
    await steps.begin(step('c'));
    await steps.end({ key: 'c', end: 'completed', name: 'Completed', value: null });
    expect(await types(id)).toEqual([
      'accepted',
      'started',
      ...Array(3).fill(['task-started', 'task-completed']).flat(),
    ]);
    await expectNoGaps(id);

    await crash(held);
    const { steps: replayed } = await memory.again(id);
    const before = await store.history(id);
    expect(await replayed.begin(step('a'))).toEqual({ do: 'return', value: { n: [1, null] } });
    expect(await replayed.begin(step('b'))).toEqual({ do: 'return' });
    expect(await replayed.begin(step('c'))).toEqual({ do: 'return', value: null });
    expect(await store.history(id)).toEqual(before);
    await expectNoGaps(id);
  });

  it('is not written twice when the answer to a call was lost', async () => {
    const { id, steps } = await running();
    await steps.begin(step('a'));
    expect(await steps.begin(step('a'))).toEqual({ do: 'run', attempt: 1 });
    const end = { key: 'a', end: 'completed', name: 'Completed', value: 1 } as const;
    expect(await steps.end(end)).toEqual({ do: 'go' });
    expect(await steps.end(end)).toEqual({ do: 'go' });
    expect(await types(id)).toEqual(['accepted', 'started', 'task-started', 'task-completed']);
    await expectNoGaps(id);
  });

  it('fails with its fault again at a replay', async () => {
    const { held, id, steps } = await running();
    await steps.begin(step('a'));
    await steps.end({ key: 'a', end: 'failed', name: 'TimedOut', fault: FAULT });
    await crash(held);
    const { steps: replayed } = await memory.again(id);
    expect(await replayed.begin(step('a'))).toEqual({
      do: 'throw',
      fault: { name: 'Error', message: 'nul \ufffd and no \ufffd luck' },
    });
  });

  it('is begun anew under its number when its executor was lost (P2)', async () => {
    const { held, id, steps } = await running();
    await steps.begin(step('a'));
    await crash(held);
    const { steps: replayed } = await memory.again(id);
    expect(await replayed.begin(step('a'))).toEqual({ do: 'run', attempt: 1 });
    expect(await memory.rows(id)).toMatchObject([{ key: 'a', state_name: 'Running', epoch: 2, attempt: 1 }]);
    await expectNoGaps(id);
  });

  it('writes nothing under a stale claim, and says so (fencing)', async () => {
    const { held, id, steps } = await running();
    await steps.begin(step('a'));
    await crash(held);
    await memory.again(id);
    const before = [await store.history(id), await memory.rows(id)];
    expect(await steps.begin(step('b'))).toEqual({ do: 'stop' });
    expect(await steps.end({ key: 'a', end: 'completed', name: 'Completed', value: 1 })).toEqual({ do: 'stop' });
    await steps.keep({ key: 'x', type: 'markdown', data: 'late' });
    expect([await store.history(id), await memory.rows(id)]).toEqual(before);
    expect(await memory.artifacts.page(id, 10)).toEqual([]);
  });

  it('does not begin once the job is being dismissed (T15)', async () => {
    const { id, steps } = await running();
    await steps.begin(step('a'));
    await store.cancellation.request(id);
    expect(await steps.begin(step('b'))).toEqual({ do: 'stop' });
    expect(await steps.end({ key: 'a', end: 'completed', name: 'Completed' })).toEqual({ do: 'stop' });
    expect(await memory.rows(id)).toHaveLength(1);
    await expectNoGaps(id);
  });

  it('keeps the outputs that it wrote', async () => {
    const { held, id, steps } = await running();
    await steps.begin(step('a'));
    const path = `${memory.files.attempt(id, 1)}/outputs/map`;
    const output = { id: 'map', path, size: 3, sha256: 'f'.repeat(64), mediaType: 'image/png' };
    await steps.end({ key: 'a', end: 'completed', name: 'Completed', outputs: [output] });
    expect(steps.hasFiles).toBe(true);
    await crash(held);
    const { steps: replayed } = await memory.again(id);
    expect(await replayed.begin(step('a'))).toEqual({ do: 'return', outputs: [output] });
  });
});

describe('a drift', () => {
  it.each([
    ['other arguments', { inputHash: 'other' }],
    ['another name', { name: 'other' }],
    ['another kind', { kind: 'run' as const }],
  ])('of %s is an error that names the step (scenario 19)', async (_, members) => {
    const { held, id, steps } = await running();
    await steps.begin(step('a'));
    await steps.end({ key: 'a', end: 'completed', name: 'Completed', value: 1 });
    await steps.begin(step('open'));
    await crash(held);
    const { steps: replayed } = await memory.again(id);
    for (const key of ['a', 'open']) {
      const verdict = await replayed.begin({ ...step(key), ...members, ...('name' in members ? {} : { name: key }) });
      expect(verdict).toMatchObject({ do: 'throw', fault: { name: 'NonDeterminismError' } });
      expect((verdict as { fault: { message: string } }).fault.message).toContain(`"${key}"`);
    }
  });

  it('makes a task run anew that wants it so', async () => {
    const { held, id, steps } = await running();
    await steps.begin(step('a'));
    await steps.end({ key: 'a', end: 'completed', name: 'Completed', value: 1 });
    await crash(held);
    const { steps: replayed } = await memory.again(id);
    expect(await replayed.begin(step('a', { inputHash: 'new', onDrift: 'rerun' }))).toEqual({ do: 'run', attempt: 1 });
    await replayed.end({ key: 'a', end: 'completed', name: 'Completed', value: 2 });
    await expectNoGaps(id);
  });
});

describe('a step that the code does not come to again', () => {
  type Steps = ReturnType<typeof memory.of>;
  const completes = async (steps: Steps, key: string) => {
    await steps.begin(step(key));
    return await steps.end({ key, end: 'completed', name: 'Completed', value: 1 });
  };
  const fails = async (steps: Steps, key: string) => {
    await steps.begin(step(key));
    await steps.end({ key, end: 'failed', name: 'Failed', fault: FAULT });
  };
  const missing = (key: string) => ({
    name: 'NonDeterminismError',
    message: expect.stringContaining(`"${key}"`) as unknown,
  });

  /** A job that completed `first`, caught the failure of `second`, and completed `third`, in its next run. */
  const replayed = async () => {
    const { held, id, steps } = await running();
    await completes(steps, 'first');
    await fails(steps, 'second');
    await completes(steps, 'third');
    await crash(held);
    return { id, ...(await memory.again(id)) };
  };

  it('is missed where it came before everything that failed, and not where it came later', async () => {
    const { steps } = await replayed();
    await steps.begin(step('second'));
    expect(await steps.drift()).toMatchObject(missing('first'));
    await steps.begin(step('first'));
    expect(await steps.drift()).toBeUndefined();
  });

  it('is missed by another attempt of the job', async () => {
    const { held, id } = await replayed();
    await memory.suspension.retry(held, 0, { code: 'process-failed', detail: 'No luck.' });
    const { steps } = await memory.again(id);
    // What failed before succeeds now, so nobody needs `third` any more.
    await completes(steps, 'second');
    expect(await steps.drift()).toMatchObject(missing('first'));
    await steps.begin(step('first'));
    expect(await steps.drift()).toBeUndefined();
  });

  it('is missed by a job that repeats another one', async () => {
    const { held, id } = await replayed();
    await store.completion.fail(held, 'Failed', { code: 'process-failed', detail: 'No luck.' });
    const next = await memory.repetitions.repeat(id, { from: 'failure' });
    const claimed = await store.leases.claim(next.id, 'a-worker', 60_000);
    const steps = memory.of(claimed!);
    await completes(steps, 'second');
    expect(await steps.drift()).toMatchObject(missing('first'));
    await steps.begin(step('first'));
    expect(await steps.drift()).toBeUndefined();
  });

  it('is missed inside of a task that had not ended, which does not count then', async () => {
    const { held, id, steps } = await running();
    await steps.begin(step('outer'));
    await completes(steps, 'outer/in');
    await crash(held);
    const again = await memory.again(id);
    await again.steps.begin(step('outer'));
    expect(await again.steps.end({ key: 'outer', end: 'completed', name: 'Completed' })).toEqual({ do: 'stop' });
    expect(again.steps.givenUp).toMatchObject({ kind: 'failed', fault: { code: 'non-determinism' } });
    expect((await memory.rows(id))[0]).toMatchObject({ key: 'outer', state_type: 'RUNNING' });
  });

  it('is not missed inside of a task that is asked for its result only', async () => {
    const { held, id, steps } = await running();
    await steps.begin(step('outer'));
    await completes(steps, 'outer/in');
    await completes(steps, 'outer');
    await crash(held);
    const again = await memory.again(id);
    await again.steps.begin(step('outer'));
    expect(await again.steps.drift()).toBeUndefined();
  });

  it('is not missed inside of a task that goes another way with an answer', async () => {
    const { held, id, steps } = await running();
    await steps.begin(step('outer'));
    await completes(steps, 'outer/before the question');
    await steps.end({ key: 'outer', end: 'paused', request: QUESTION });
    await memory.suspension.suspend(held);
    await memory.pauses.resume(id, { input: {} });
    const again = await memory.again(id);
    expect(await again.steps.begin(step('outer'))).toMatchObject({ do: 'run', answer: {} });
    expect(await again.steps.end({ key: 'outer', end: 'completed', name: 'Completed' })).toEqual({ do: 'go' });
  });

  it('is not missed after a task that ran anew with other arguments', async () => {
    const { held, id, steps } = await running();
    for (const key of ['first', 'second', 'third']) await completes(steps, key);
    await crash(held);
    const again = await memory.again(id);
    await again.steps.begin(step('first'));
    await again.steps.begin(step('second', { inputHash: 'new', onDrift: 'rerun' }));
    expect(await again.steps.drift()).toBeUndefined();
  });
});

describe('a retry', () => {
  it('in place counts attempts and keeps what went wrong', async () => {
    const { id, steps } = await running();
    await steps.begin(step('a'));
    expect(await steps.end({ key: 'a', end: 'retry', fault: FAULT, delay: 9_000 })).toEqual({ do: 'go' });
    expect(await steps.begin(step('a'))).toEqual({ do: 'run', attempt: 2 });
    const [row] = await memory.rows(id);
    expect(row).toMatchObject({ state_name: 'Retrying', attempt: 2, failures: [{ attempt: 1 }] });
    expect((await types(id)).slice(2)).toEqual(['task-started', 'task-retrying', 'task-started']);
  });

  it('that comes late releases the worker, and is due on the clock of the database', async () => {
    const { held, id, steps } = await running();
    await steps.begin(step('a'));
    expect(await steps.end({ key: 'a', end: 'retry', fault: FAULT, delay: 60_000 })).toEqual({ do: 'suspend' });
    const suspended = await memory.suspension.suspend(held);
    expect(suspended).toMatchObject({ state_type: 'SCHEDULED', state_name: 'AwaitingRetry', dispatches: 2 });
    expect(suspended!.due_in).toBeGreaterThan(50_000);
    expect(await store.leases.claim(id, 'another', 60_000)).toBeUndefined();
    expect(await store.leases.postponed(id, ['a-process@1'])).toMatchObject({ known: true, dispatches: 2 });
    await memory.passTime(id);
    const { steps: replayed } = await memory.again(id);
    expect(await replayed.begin(step('a'))).toEqual({ do: 'run', attempt: 2 });
    await expectNoGaps(id);
  });
});

describe('the steps inside of a task', () => {
  it('that failed are done anew by its next attempt, those that succeeded are not', async () => {
    const { held, id, steps } = await running();
    await steps.begin(step('outer'));
    for (const key of ['outer/good', 'outer/bad']) await steps.begin(step(key, { parent: 'outer' }));
    await steps.begin(step('outerly'));
    await steps.end({ key: 'outer/good', end: 'completed', name: 'Skipped' });
    for (const key of ['outer/bad', 'outerly']) await steps.end({ key, end: 'failed', name: 'Failed', fault: FAULT });
    await crash(held);
    // The failed step is in the memory of the run in which the task around it fails.
    const again = await memory.again(id);
    expect(await again.steps.begin(step('outer'))).toEqual({ do: 'run', attempt: 1 });
    expect(await again.steps.begin(step('outer/bad'))).toMatchObject({ do: 'throw' });
    await again.steps.end({ key: 'outer', end: 'retry', fault: FAULT, delay: 0 });
    expect(await again.steps.begin(step('outer'))).toEqual({ do: 'run', attempt: 2 });
    expect(await again.steps.begin(step('outer/good'))).toEqual({ do: 'return', skipped: true });
    expect(await again.steps.begin(step('outer/bad'))).toEqual({ do: 'run', attempt: 1 });
    expect(await again.steps.begin(step('outerly'))).toMatchObject({ do: 'throw' });
    await expectNoGaps(id);
  });
});

describe('a sleep', () => {
  it('suspends the job until its time has come, then is over', async () => {
    const { held, id, steps } = await running();
    const nap = step('nap', { kind: 'sleep', sleep: 60_000 });
    expect(await steps.begin(nap)).toEqual({ do: 'suspend' });
    expect(await memory.suspension.suspend(held)).toMatchObject({ state_type: 'SCHEDULED', state_name: 'Sleeping' });
    await memory.passTime(id);
    const { steps: replayed } = await memory.again(id);
    expect(await replayed.begin(nap)).toEqual({ do: 'return' });
    await expectNoGaps(id);
  });

  it('that is not over suspends a job again that was resumed for something else', async () => {
    const { held, id, steps } = await running();
    const nap = step('nap', { kind: 'sleep', sleep: 60_000 });
    await steps.begin(nap);
    await crash(held);
    const again = await memory.again(id);
    expect(await again.steps.begin(nap)).toEqual({ do: 'suspend' });
    expect(await memory.suspension.suspend(again.held)).toMatchObject({ state_name: 'Sleeping' });
    await expectNoGaps(id);
  });
});

describe('a question', () => {
  const question = step('ok', { kind: 'input', request: QUESTION });

  it('suspends the job without an entry that leads to it before its time is up', async () => {
    const { held, id, steps } = await running();
    expect(await steps.begin(question)).toEqual({ do: 'suspend' });
    const suspended = await memory.suspension.suspend(held);
    expect(suspended).toMatchObject({ state_type: 'PAUSED', state_name: 'Suspended' });
    expect(await store.leases.claim(id, 'another', 60_000)).toBeUndefined();
    expect((await types(id)).slice(-2)).toEqual(['input-requested', 'suspended']);
  });

  it('that nobody answers in time fails with InputTimeoutError, at every replay', async () => {
    const { held, id, steps } = await running();
    await steps.begin(question);
    await memory.suspension.suspend(held);
    await memory.passTime(id);
    const fault = { name: 'InputTimeoutError', message: expect.stringContaining('"ok"') as unknown as string };
    const again = await memory.again(id);
    expect(await again.steps.begin(question)).toEqual({ do: 'throw', fault });
    await crash(again.held);
    const { steps: replayed } = await memory.again(id);
    expect(await replayed.begin(question)).toEqual({ do: 'throw', fault });
    await expectNoGaps(id);
  });
});

describe('a job of another process', () => {
  const call = (n: unknown) => step('sub', { kind: 'process', process: { id: 'child', inputs: { n } } });

  /** A suspended parent and its child. */
  const family = async () => {
    const parent = await running();
    expect(await parent.steps.begin(call(1))).toEqual({ do: 'suspend' });
    const [{ child_id: childId }] = await memory.rows(parent.id);
    expect(await memory.suspension.suspend(parent.held)).toMatchObject({ state_name: 'Suspended', due_in: null });
    return { parent, childId: childId! };
  };

  it('is accepted with the step, and dispatched; its id is greater than that of its parent', async () => {
    const { parent, childId } = await family();
    expect(store.dispatch.jobs).toContainEqual({ id: childId, dispatches: 1 });
    expect(childId > parent.id).toBe(true);
    expect(await store.row(childId)).toMatchObject({
      state_type: 'SCHEDULED',
      parent_id: parent.id,
      parent_task: 'sub',
    });
    await expectNoGaps(parent.id);
    await expectNoGaps(childId);
  });

  it('gives its outputs to the parent, which its end resumes in the same statement', async () => {
    const { parent, childId } = await family();
    const child = await store.leases.claim(childId, 'another', 60_000);
    const outputs = [{ id: 'sum', mediaType: 'application/json', value: 3 }];
    await store.completion.succeed(child!, outputs);
    expect(await store.row(parent.id)).toMatchObject({
      state_type: 'SCHEDULED',
      state_name: 'Resuming',
      dispatches: 2,
    });
    expect(store.dispatch.jobs).toContainEqual({ id: parent.id, dispatches: 2 });
    const { steps } = await memory.again(parent.id);
    expect(await steps.begin(call(1))).toEqual({ do: 'return', value: { sum: 3 } });
    await expectNoGaps(parent.id);
  });

  it.each([
    ['failed', (child: HeldLease) => store.completion.fail(child, 'Failed', { code: 'process-failed', detail: 'No.' })],
    ['was dismissed', (child: HeldLease) => store.cancellation.request(child.id)],
  ])('that %s fails the step', async (word, end) => {
    const { parent, childId } = await family();
    const child = word === 'failed' ? await store.leases.claim(childId, 'another', 60_000) : { id: childId, epoch: 0 };
    await end(child!);
    const { steps } = await memory.again(parent.id);
    const verdict = await steps.begin(call(1));
    expect(verdict).toMatchObject({ do: 'throw', fault: { name: 'ChildJobFailed' } });
    expect((verdict as { fault: { message: string } }).fault.message).toContain(word);
  });

  it('with inputs that do not fit is not accepted', async () => {
    const { id, steps } = await running();
    const verdict = await steps.begin(call('x'));
    expect(verdict).toMatchObject({ do: 'throw', fault: { message: expect.stringContaining('/inputs/n') as unknown } });
    expect(await store.query('SELECT id FROM job WHERE parent_id = $1', [id])).toEqual([]);
    await expectNoGaps(id);
  });

  it('that ends while its parent is being suspended resumes it nevertheless, in every interleaving', async () => {
    for (let round = 0; round < 40; round += 1) {
      const parent = await running();
      await parent.steps.begin(call(round));
      const [{ child_id: childId }] = await memory.rows(parent.id);
      const child = await store.leases.claim(childId!, 'another', 60_000);
      await Promise.all([memory.suspension.suspend(parent.held), store.completion.succeed(child!, [])]);
      expect(await store.row(parent.id)).toMatchObject({ state_type: 'SCHEDULED', state_name: 'Resuming' });
    }
  });

  it('is dismissed with its parent, and so are its own (scenario 22)', async () => {
    const { parent, childId } = await family();
    const child = await store.leases.claim(childId, 'another', 60_000);
    await memory.of(child!).begin(call(2));
    const [{ child_id: grandchildId }] = await memory.rows(childId);
    expect(await store.cancellation.request(parent.id)).toBe('CANCELLED');
    expect(await store.row(childId)).toMatchObject({ state_type: 'CANCELLING' });
    expect(await store.row(grandchildId!)).toMatchObject({ state_type: 'CANCELLED' });
    expect(await store.cancellation.confirm(child!)).toBe(true);
    const message = 'The job whose step started it was dismissed.';
    for (const id of [childId, grandchildId!]) {
      expect(await store.row(id)).toMatchObject({ message });
      expect((await store.history(id)).at(-1)).toMatchObject({ type: 'dismissed', data: { detail: message } });
    }
    expect(await store.row(parent.id)).toMatchObject({ message: 'The job was dismissed' });
    for (const id of [parent.id, childId, grandchildId!]) await expectNoGaps(id);
  });
});

describe('families of jobs', () => {
  it('are locked in one order: heartbeats, ends and dismissals at once never deadlock', async () => {
    for (let round = 0; round < 25; round += 1) {
      const parent = await running();
      for (const n of [1, 2, 3]) {
        await parent.steps.begin(step(`sub${n}`, { kind: 'process', process: { id: 'child', inputs: { n } } }));
      }
      const ids = (await memory.rows(parent.id)).map(({ child_id: id }) => id!);
      const children = await Promise.all(ids.map(async (id) => (await store.leases.claim(id, 'another', 60_000))!));
      const held = [...children, parent.held].map(({ id, epoch }) => ({ id, epoch }));
      await Promise.all([
        store.leases.renew(held, 60_000),
        ...children.map((child) => store.completion.succeed(child, [])),
        store.leases.renew(held.toReversed(), 60_000),
        ...(round % 2 === 0 ? [store.cancellation.request(parent.id)] : []),
        store.recovery.redispatch(held.map(({ id }) => id)),
        memory.suspension.suspend(parent.held),
      ]);
      for (const { id } of held) await expectNoGaps(id);
    }
  });
});

describe('suspension', () => {
  it('of a job that waits for nothing dispatches it at once (scenario 20)', async () => {
    const { held, id, steps } = await running();
    await steps.begin(step('outer'));
    expect(await memory.suspension.suspend(held)).toMatchObject({ state_name: 'Resuming', due_in: 0, dispatches: 2 });
    expect(await store.row(id)).toMatchObject({ worker_id: null, lease_until: null });
  });

  it("of a job that is not this worker's any more does nothing", async () => {
    const { held, id } = await running();
    await crash(held);
    expect(await memory.suspension.suspend(held)).toBeUndefined();
    await expectNoGaps(id);
  });
});

describe('another attempt of a job', () => {
  it('does anew what failed, and not what succeeded', async () => {
    const { held, id, steps } = await running();
    await steps.begin(step('good'));
    await steps.end({ key: 'good', end: 'completed', name: 'Completed', value: 1 });
    await steps.begin(step('bad'));
    await steps.end({ key: 'bad', end: 'failed', name: 'Failed', fault: FAULT });
    expect(await memory.suspension.retry(held, 0, { code: 'process-failed', detail: 'No luck.' })).toMatchObject({
      id,
    });
    expect(await store.row(id)).toMatchObject({ state_name: 'AwaitingRetry', attempts: 1 });
    const again = await memory.again(id);
    expect(again.held).toMatchObject({ attempts: 1 });
    expect(await again.steps.begin(step('good'))).toEqual({ do: 'return', value: 1 });
    expect(await again.steps.begin(step('bad'))).toEqual({ do: 'run', attempt: 1 });
    expect((await memory.rows(id))[1].failures).toHaveLength(1);
    await expectNoGaps(id);
  });
});

describe('an artifact', () => {
  it('is kept, and replaced by one of the same key', async () => {
    const { id, steps } = await running();
    await steps.keep({ key: 'qc', type: 'table', data: [[1]], description: 'Quality' });
    await steps.keep({ key: 'qc', type: 'markdown', data: '# Good', step: 'a' });
    expect(await memory.artifacts.page(id, 10)).toMatchObject([
      { key: 'qc', type: 'markdown', data: '# Good', description: null, step: 'a' },
    ]);
    await expectNoGaps(id);
  });
});

describe('versions (rule 9)', () => {
  it.each([
    ['1.4.2', '1.0.0', true],
    ['1.4.2', '2.0.0', false],
    ['0.3.1', '0.3.9', true],
    ['0.3.1', '0.4.0', false],
  ])('a job of %s is claimed by a worker with %s: %s', async (ofJob, ofWorker, isClaimed) => {
    const { compatibilityKey } = await import('../../src/jobs/store/job-leases.js');
    const id = await store.accepted({ processVersion: ofJob });
    const known = ['other@1', compatibilityKey('a-process', ofWorker)];
    expect((await store.leases.claim(id, 'w', 60_000, known)) !== undefined).toBe(isClaimed);
    if (isClaimed) return;
    expect(await store.leases.postponed(id, known)).toMatchObject({ known: false, due_in: 0 });
    const [{ waiting_reason: reason }] = await store.query<{ waiting_reason: string }>(
      'SELECT waiting_reason FROM job WHERE id = $1',
      [id],
    );
    expect(reason).toBe(`waits for a worker with ${compatibilityKey('a-process', ofJob)}`);
  });
});
