import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { InputRequest } from '../../src/flows/step-journal.js';
import { JobInputs } from '../../src/jobs/job-inputs.js';
import { InputFile } from '../../src/processes/input-file.js';
import { newJob, type TestDatabase, TestDatabases } from '../harness/database.js';
import { step, TestSteps } from '../harness/steps.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

jest.setTimeout(60_000);

const place = temporaryDirectory('job-controls');
let databases: TestDatabases;
let store: TestDatabase;
let memory: TestSteps;

beforeAll(async () => {
  databases = await TestDatabases.start();
  store = await databases.open({ DATA_DIR: place.path });
  memory = new TestSteps(store);
});
afterAll(async () => {
  await databases.close();
  place.remove();
});

const QUESTION: InputRequest = {
  schema: {
    type: 'object',
    properties: { ok: { type: 'boolean' }, note: { type: 'string' } },
    required: ['ok'],
    additionalProperties: false,
  },
  message: 'Is it good?',
  timeout: 60_000,
};
const ask = (key: string) => step(key, { kind: 'input', request: QUESTION });

const types = async (jobId: string) => (await store.history(jobId)).map(({ type }) => type);

const expectNoGaps = async (jobId: string) => {
  const numbers = (await store.history(jobId)).map(({ seq }) => seq);
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  expect((await store.row(jobId)).seq).toBe(numbers.length);
};

/** A job that is suspended because steps of these keys ask for something. */
const asking = async (...keys: string[]) => {
  const held = await store.claimed();
  const steps = memory.of(held);
  for (const key of keys) await steps.begin(ask(key));
  await memory.suspension.suspend(held);
  return held.id;
};

describe('an answer', () => {
  it('resumes the job with a value that the step returns; until then the status says what is asked', async () => {
    const id = await asking('approve');
    const { questions, waiting_reason: reason } = await store.reader.get(id);
    expect(questions).toMatchObject([
      { task: 'approve', request: { schema: QUESTION.schema, message: 'Is it good?' } },
    ]);
    expect(reason).toBe('waits for an answer to "approve"');

    const job = await memory.pauses.resume(id, { input: { ok: true } });
    expect(job).toMatchObject({
      state_type: 'SCHEDULED',
      state_name: 'Resuming',
      questions: null,
      waiting_reason: null,
    });
    // The second entry is the one that would come when the time for an answer is up.
    expect(store.dispatch.jobs).toContainEqual({ id, dispatches: 3 });
    const { steps } = await memory.again(id);
    expect(await steps.begin(ask('approve'))).toEqual({ do: 'return', value: { ok: true } });
    expect((await types(id)).slice(-3)).toEqual(['resumed', 'started', 'task-completed']);
    await expectNoGaps(id);
  });

  it('that does not fit is refused with every violation, and the job waits on', async () => {
    const id = await asking('approve');
    await expect(memory.pauses.resume(id, { input: { ok: 'yes', more: 1 } })).rejects.toMatchObject({
      code: 'invalid-parameter',
      errors: expect.arrayContaining([
        expect.objectContaining({ pointer: '/input/ok' }),
        expect.objectContaining({ pointer: '/input/more' }),
      ]) as unknown,
    });
    expect(await store.row(id)).toMatchObject({ state_name: 'Suspended' });
  });

  it('to a step whose schema is wrong is refused, and the reason is told', async () => {
    const held = await store.claimed();
    const request = { ...QUESTION, schema: { type: 'potato' } };
    await memory.of(held).begin(step('approve', { kind: 'input', request }));
    await memory.suspension.suspend(held);
    await expect(memory.pauses.resume(held.id, { input: 1 })).rejects.toMatchObject({
      code: 'invalid-parameter',
      errors: [{ pointer: '/input', detail: expect.stringContaining('potato') as unknown }],
    });
  });

  it('given twice changes nothing the second time; another one is a conflict', async () => {
    const id = await asking('approve');
    const answers = await Promise.all(
      [1, 2, 3].map(() => memory.pauses.resume(id, { task: 'approve', input: { ok: true } })),
    );
    expect(answers.every(({ state_name: name }) => name === 'Resuming')).toBe(true);
    expect((await types(id)).filter((type) => type === 'resumed')).toHaveLength(1);
    await expect(memory.pauses.resume(id, { input: { ok: false } })).rejects.toMatchObject({ code: 'job-not-waiting' });
    await expectNoGaps(id);
  });

  it('given twice is the same one with defaults for what it leaves out, and when the job has ended', async () => {
    const held = await store.claimed();
    const properties = { ok: { type: 'boolean' }, factor: { type: 'number', default: 2 } };
    await memory
      .of(held)
      .begin(step('approve', { kind: 'input', request: { ...QUESTION, schema: { type: 'object', properties } } }));
    await memory.suspension.suspend(held);
    await memory.pauses.resume(held.id, { input: { ok: true } });
    await memory.pauses.resume(held.id, { input: { ok: true } });
    await memory.pauses.resume(held.id, { input: { factor: 2, ok: true } });
    const { steps, held: holder } = await memory.again(held.id);
    expect(await steps.begin(ask('approve'))).toEqual({ do: 'return', value: { ok: true, factor: 2 } });
    await store.completion.succeed(holder, []);
    expect(await memory.pauses.resume(held.id, { input: { ok: true } })).toMatchObject({ state_name: 'Completed' });
    await expect(memory.pauses.resume(held.id, { input: { ok: false } })).rejects.toMatchObject({
      code: 'job-has-ended',
    });
    expect((await types(held.id)).filter((type) => type === 'resumed')).toHaveLength(1);
  });

  it('has to name the step when several ask', async () => {
    const id = await asking('one', 'two');
    await expect(memory.pauses.resume(id, { input: { ok: true } })).rejects.toMatchObject({
      errors: [{ pointer: '/task', detail: expect.stringContaining('"one", "two"') as unknown }],
    });
    await memory.pauses.resume(id, { task: 'two', input: { ok: true } });
    const { steps } = await memory.again(id);
    expect(await steps.begin(ask('one'))).toEqual({ do: 'suspend' });
    expect(await steps.begin(ask('two'))).toEqual({ do: 'return', value: { ok: true } });
  });

  it('that comes while the job is being suspended resumes it, in every interleaving', async () => {
    for (let round = 0; round < 40; round += 1) {
      const held = await store.claimed();
      await memory.of(held).begin(ask('approve'));
      await Promise.all([memory.suspension.suspend(held), memory.pauses.resume(held.id, { input: { ok: true } })]);
      expect(await store.row(held.id)).toMatchObject({ state_type: 'SCHEDULED', state_name: 'Resuming' });
      await expectNoGaps(held.id);
    }
  });

  it('is not taken once its time has passed', async () => {
    const id = await asking('approve');
    await memory.passTime(id);
    await expect(memory.pauses.resume(id, { input: { ok: true } })).rejects.toMatchObject({ code: 'job-not-waiting' });
  });
});

describe('a PauseSignal', () => {
  it('makes the attempt anew with the answer', async () => {
    const held = await store.claimed();
    const steps = memory.of(held);
    await steps.begin(step('a'));
    expect(await steps.end({ key: 'a', end: 'paused', request: QUESTION })).toEqual({ do: 'suspend' });
    await memory.suspension.suspend(held);
    await memory.pauses.resume(held.id, { input: { ok: false } });
    const again = await memory.again(held.id);
    expect(await again.steps.begin(step('a'))).toEqual({ do: 'run', attempt: 1, answer: { ok: false } });
  });
});

describe('a pause', () => {
  it('lets running steps end and no other begin, until it is ended', async () => {
    const held = await store.claimed();
    const steps = memory.of(held);
    await steps.begin(step('a'));
    expect(await memory.pauses.pause(held.id)).toMatchObject({ state_type: 'RUNNING' });
    await memory.pauses.pause(held.id);
    expect(await steps.end({ key: 'a', end: 'completed', name: 'Completed' })).toEqual({ do: 'go' });
    expect(await steps.begin(step('b'))).toEqual({ do: 'suspend' });
    expect(await memory.suspension.suspend(held)).toMatchObject({
      state_type: 'PAUSED',
      state_name: 'Paused',
      due_in: null,
    });
    expect(await store.leases.claim(held.id, 'another', 60_000)).toBeUndefined();

    expect(await memory.pauses.resume(held.id, {})).toMatchObject({ state_type: 'SCHEDULED', state_name: 'Resuming' });
    await expect(memory.pauses.resume(held.id, {})).rejects.toMatchObject({ code: 'job-not-waiting' });
    const again = await memory.again(held.id);
    expect(await again.steps.begin(step('b'))).toEqual({ do: 'run', attempt: 1 });
    expect((await types(held.id)).filter((type) => /pause|resumed/.test(type))).toEqual([
      'pause-requested',
      'paused',
      'resumed',
    ]);
    await expectNoGaps(held.id);
  });

  it('of a job that waits is immediate, and an answer does not end it', async () => {
    const waiting = await store.accepted();
    expect(await memory.pauses.pause(waiting)).toMatchObject({ state_name: 'Paused', waiting_reason: 'is paused' });
    expect(await store.leases.claim(waiting, 'a', 60_000)).toBeUndefined();

    const id = await asking('approve');
    await memory.pauses.pause(id);
    expect(await memory.pauses.resume(id, { input: { ok: true } })).toMatchObject({ state_name: 'Paused' });
    await memory.pauses.resume(id, {});
    const { steps } = await memory.again(id);
    expect(await steps.begin(ask('approve'))).toEqual({ do: 'return', value: { ok: true } });
    await expectNoGaps(id);
  });

  it('of a job that has ended is a conflict', async () => {
    const held = await store.claimed();
    await store.completion.succeed(held, []);
    await expect(memory.pauses.pause(held.id)).rejects.toMatchObject({ code: 'job-has-ended' });
    await expect(memory.pauses.resume(held.id, {})).rejects.toMatchObject({ code: 'job-has-ended' });
  });
});

describe('a repetition', () => {
  /** A failed job with the steps a, outer(outer/in), bad; a wrote a file. */
  const failed = async () => {
    const files = memory.files;
    const job = newJob();
    const input = join(files.directory(job.id), 'inputs', '0');
    await mkdir(dirname(input), { recursive: true });
    await writeFile(input, 'given');
    const stored = await new JobInputs(files, memory.stored, store.settings).store(job.id, {
      file: new InputFile(input, 5, 'text/plain'),
    });
    await store.acceptance.accept({ ...job, ...stored });
    const held = (await store.leases.claim(job.id, 'a', 60_000))!;
    const steps = memory.of(held);
    const path = join(files.attempt(job.id, 1), 'outputs', 'map');
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, 'map');
    await steps.begin(step('a'));
    const output = { id: 'map', path, size: 3, sha256: 'f'.repeat(64), mediaType: 'image/png' };
    await steps.end({ key: 'a', end: 'completed', name: 'Completed', value: 1, outputs: [output] });
    await steps.begin(step('outer'));
    await steps.begin(step('outer/in', { parent: 'outer' }));
    await steps.end({ key: 'outer/in', end: 'completed', name: 'Completed', value: 2 });
    await steps.end({ key: 'outer', end: 'completed', name: 'Completed', value: 3 });
    await steps.begin(step('bad'));
    await steps.end({ key: 'bad', end: 'failed', name: 'Failed', fault: { name: 'Error', message: 'No.' } });
    await steps.keep({ key: 'qc', type: 'markdown', data: 'x', step: 'a' });
    await store.completion.fail(held, 'Failed', { code: 'process-failed', detail: 'No.' });
    return job.id;
  };

  it('is a new job that takes over what succeeded, with its files; the old one stays as it is (P5)', async () => {
    const old = await failed();
    const before = await store.row(old);
    const { id } = await memory.repetitions.repeat(old, { from: 'failure' });
    expect(await store.row(old)).toEqual({ ...before, seq: before.seq + 1 });
    expect((await types(old)).at(-1)).toBe('retried');
    expect(await store.reader.get(id)).toMatchObject({ state_type: 'SCHEDULED', retry_of: old });
    expect((await memory.list.page(id, 10)).map(({ key }) => key)).toEqual(['a', 'outer', 'outer/in']);
    expect(await memory.artifacts.page(id, 10)).toMatchObject([{ key: 'qc' }]);

    await store.query(`UPDATE job SET expires_at = now() - interval '1 s' WHERE id = $1`, [old]);
    for (const gone of await store.recovery.expire(100)) await memory.files.remove(gone);
    const held = (await store.leases.claim(id, 'b', 60_000))!;
    const run = memory.stored.ofRun(null, memory.files.attempt(id, held.epoch), {});
    const inputs = await new JobInputs(memory.files, memory.stored, store.settings).load(held, run);
    expect(await readFile((inputs.file as InputFile).path, 'utf8')).toBe('given');
    const steps = memory.of(held);
    const verdict = (await steps.begin(step('a'))) as unknown as { value: unknown; outputs: { path: string }[] };
    expect(verdict).toMatchObject({ do: 'return', value: 1, outputs: [{ id: 'map', size: 3 }] });
    expect(await readFile(verdict.outputs[0].path, 'utf8')).toBe('map');
    expect(await steps.begin(step('bad'))).toEqual({ do: 'run', attempt: 1 });
    await expectNoGaps(id);
  });

  it('from the start takes over nothing', async () => {
    const { id } = await memory.repetitions.repeat(await failed(), { from: 'start' });
    expect(await memory.list.page(id, 10)).toEqual([]);
  });

  it('from a step runs it, what began after it, and the task around it', async () => {
    const { id } = await memory.repetitions.repeat(await failed(), { from: 'task', task: 'outer/in' });
    expect((await memory.list.page(id, 10)).map(({ key }) => key)).toEqual(['a']);
  });

  it('is refused of a job that runs, of a success from its failure, and from a step that there is not', async () => {
    const held = await store.claimed();
    await expect(memory.repetitions.repeat(held.id, { from: 'start' })).rejects.toMatchObject({
      code: 'job-not-ended',
    });
    await store.completion.succeed(held, []);
    await expect(memory.repetitions.repeat(held.id, { from: 'failure' })).rejects.toMatchObject({
      code: 'job-not-failed',
    });
    const from = { from: 'task', task: 'x' } as const;
    await expect(memory.repetitions.repeat(held.id, from)).rejects.toMatchObject({
      code: 'no-such-task',
      message: `The job has no step with the key "x"; /jobs/${held.id}/tasks lists those that there are.`,
    });
    expect(await stat(memory.files.directory(held.id)).catch(() => undefined)).toBeUndefined();
  });
});

describe('the list of steps', () => {
  it('pages in the order of their beginning, and shows nothing as running once the job has ended', async () => {
    const held = await store.claimed();
    const steps = memory.of(held);
    for (const key of ['c', 'a', 'b']) await steps.begin(step(key));
    await steps.end({ key: 'a', end: 'retry', fault: { name: 'Error', message: 'No.' }, delay: 0 });
    const first = await memory.list.page(held.id, 2);
    const rest = await memory.list.page(held.id, 2, [first[1].seq, first[1].key]);
    expect([...first, ...rest].map(({ key }) => key)).toEqual(['c', 'a', 'b']);
    expect(first[1]).toMatchObject({
      state_name: 'AwaitingRetry',
      failures: [{ attempt: 1, fault: { message: 'No.' } }],
    });
    await store.completion.fail(held, 'Failed', { code: 'process-failed', detail: 'No.' });
    const ended = await memory.list.page(held.id, 10);
    expect(ended.map(({ state_type: type }) => type)).toEqual(['CANCELLED', 'CANCELLED', 'CANCELLED']);
  });
});
