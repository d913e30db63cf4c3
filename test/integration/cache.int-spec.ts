import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { v7 as uuid } from 'uuid';
import type { JobAdmission, JobSubscriber } from '../../src/jobs/job.types.js';
import { admissionOf, identityOf } from '../../src/jobs/limits/admissions.js';
import type { ClaimingWorker } from '../../src/jobs/limits/job-entrance.js';
import { type ClaimedJob, compatibilityKey } from '../../src/jobs/store/job-leases.js';
import { InputFile } from '../../src/processes/input-file.js';
import type { ProcessCachePolicy } from '../../src/processes/definition/policies.js';
import { newJob, type TestDatabase, TestDatabases } from '../harness/database.js';
import { step, TestSteps } from '../harness/steps.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

jest.setTimeout(120_000);

const place = temporaryDirectory('cache');
let databases: TestDatabases;
let store: TestDatabase;
let memory: TestSteps;

beforeAll(async () => {
  databases = await TestDatabases.start();
  store = await databases.open({ DATA_DIR: place.path, DATABASE_POOL: '20' });
  memory = new TestSteps(store);
});
afterAll(async () => {
  await databases.close();
  place.remove();
});

type Cache = NonNullable<JobAdmission['cache']>;

const workerOf = (version = '1.0.0'): ClaimingWorker => ({
  id: 'a-worker',
  lease: 60_000,
  known: [compatibilityKey('a-process', version)],
  versionOf: () => version,
});
const claim = (id: string, version?: string) => store.entrance.claim(id, workerOf(version));
const claimed = async (id: string, version?: string): Promise<ClaimedJob> => {
  const job = await claim(id, version);
  if (job === undefined) throw new Error(`the job ${id} was not claimed`);
  return job;
};
const resultKey = () => `result:a-process:${randomUUID()}`;
const cached = (key: string, more: Omit<Cache, 'key'> = {}) => ({ cache: { key, ...more } });
/** Accepts a job that may not run before it has asked for its result. */
const asking = (key: string, more: Omit<Cache, 'key'> = {}) =>
  store.accepted({ id: uuid(), admission: cached(key, more) });
/** Accepts a job with its results, if they are known. */
const hit = (key: string, more: Omit<Cache, 'key'> = {}, members: Parameters<typeof newJob>[0] = {}) =>
  store.cachedJobs.accept(newJob({ id: uuid(), admission: cached(key, more), ...members }));
const value = (n: number) => [{ id: 'n', mediaType: 'application/json', value: n }];
const fails = (job: ClaimedJob) => store.completion.fail(job, 'Failed', { code: 'job-failed', detail: 'no' });
const dispatched = () => store.dispatch.jobs.splice(0).map(({ id }) => id);

/** Has the result of a key computed by a job of its own. */
async function computed(key: string, n = 1): Promise<string> {
  const job = await claimed(await asking(key));
  await store.completion.succeed(job, value(n));
  return job.id;
}

/** The same with a file as its output. */
async function computedFile(key: string): Promise<{ id: string; path: string }> {
  const job = await claimed(await asking(key));
  const directory = memory.files.attempt(job.id, job.epoch);
  mkdirSync(directory, { recursive: true });
  const path = join(directory, 'out.bin');
  writeFileSync(path, 'bytes');
  const file = memory.files.stored(path);
  const output = { id: 'file', mediaType: 'application/octet-stream', file, size: 5, sha256: '0'.repeat(64) };
  await store.completion.succeed(job, [output]);
  return { id: job.id, path };
}

const stateOf = async (id: string) => {
  const { state_type: type, state_name: name } = await store.row(id);
  return `${type}/${name}`;
};
const subscriber: JobSubscriber = { base: 'https://sluice.example', successUri: 'https://subscriber.example/done' };
const owed = (id: string) => store.query('SELECT kind, job FROM job_callback WHERE job_id = $1', [id]);

describe('the key of an execution', () => {
  const admit = async (
    inputs: Record<string, unknown>,
    {
      policy = { refresh: false },
      version = '1.0.0',
      outputs,
      id = 'p',
    }: {
      policy?: ProcessCachePolicy;
      version?: string;
      outputs?: string[];
      id?: string;
    } = {},
  ) => {
    const process = {
      description: { id, version },
      policy: { isolation: 'child', syncJobs: true, cache: policy },
    } as unknown as Parameters<typeof admissionOf>[0];
    const identity = await identityOf(process, inputs);
    return admissionOf(process, { inputs, identity, outputs: outputs?.map((output) => ({ id: output })) })!.cache!.key;
  };

  it('is the same for the same inputs, in whichever order their members stand', async () => {
    expect(await admit({ a: 1, b: { x: 1, y: [2] } })).toBe(await admit({ b: { y: [2], x: 1 }, a: 1 }));
  });

  it.each([
    ['inputs', { a: 2 }, {}],
    ['version', { a: 1 }, { version: '1.0.1' }],
    ['process', { a: 1 }, { id: 'q' }],
    ['requested outputs', { a: 1 }, { outputs: ['one'] }],
    ['no requested outputs', { a: 1 }, { outputs: [] }],
  ])('is another one for other %s', async (_, inputs, options) => {
    expect(await admit(inputs, options)).not.toBe(await admit({ a: 1 }));
  });

  it('does not depend on the order of the requested outputs', async () => {
    expect(await admit({}, { outputs: ['x', 'y'] })).toBe(await admit({}, { outputs: ['y', 'x', 'y'] }));
  });

  it('has files by their content and media type, wherever they lie', async () => {
    const file = (name: string, text: string, type = 'image/png') => {
      const path = join(place.path, name);
      writeFileSync(path, text);
      return new InputFile(path, text.length, type);
    };
    const key = await admit({ image: file('one', 'same') });
    expect(await admit({ image: file('two', 'same') })).toBe(key);
    expect(await admit({ image: file('three', 'else') })).not.toBe(key);
    expect(await admit({ image: file('four', 'same', 'image/gif') })).not.toBe(key);
    expect(await admit({ image: [file('five', 'same'), file('six', 'same')] })).not.toBe(key);
  });

  it('follows the template of its author, whose places never run into each other', async () => {
    const policy = { key: '{a}{b}', refresh: false };
    expect(await admit({ a: 'x', b: 'y', c: 1 }, { policy })).toBe(await admit({ a: 'x', b: 'y', c: 2 }, { policy }));
    expect(await admit({ a: 'x', b: 'y' }, { policy })).not.toBe(await admit({ a: 'xy', b: '' }, { policy }));
    expect(await admit({ a: 1, b: 2 }, { policy })).not.toBe(await admit({ a: '1', b: 2 }, { policy }));
  });
});

describe('a result that is known', () => {
  it('is given to a new execution as it is accepted, which never runs', async () => {
    const key = resultKey();
    const origin = await computed(key, 7);
    const job = (await hit(key))!;
    expect(job).toMatchObject({ state_type: 'COMPLETED', state_name: 'Cached', cached_from: origin, progress: 100 });
    expect(job.message).toBe(`The results are those of the job ${origin}`);
    expect(await store.reader.outputs(job.id)).toMatchObject([{ output_id: 'n', value: 7 }]);
    expect(await store.history(job.id)).toEqual([
      { seq: 1, type: 'accepted', data: null },
      { seq: 2, type: 'successful', data: { cachedFrom: origin } },
    ]);
    expect((await store.row(job.id)).expires_at).not.toBeNull();
    expect(await claim(job.id)).toBeUndefined();
  });

  it('ends one that waits on the queue', async () => {
    const key = resultKey();
    const waiting = await store.accepted({ id: uuid(), admission: cached(key), subscriber });
    const origin = await computed(key, 7);
    expect(await claim(waiting)).toBeUndefined();
    expect(await stateOf(waiting)).toBe('COMPLETED/Cached');
    expect(await store.reader.outputs(waiting)).toMatchObject([{ output_id: 'n', value: 7 }]);
    expect((await store.history(waiting)).at(-1)).toMatchObject({ type: 'successful', data: { cachedFrom: origin } });
    expect(await owed(waiting)).toMatchObject([{ kind: 'successUri', job: { cached_from: origin } }]);
  });

  it('is told to the subscriber of an execution', async () => {
    const key = resultKey();
    const origin = await computed(key);
    const job = (await hit(key, {}, { id: uuid(), admission: cached(key), subscriber }))!;
    expect(await owed(job.id)).toMatchObject([
      { kind: 'successUri', job: { state_name: 'Cached', cached_from: origin } },
    ]);
  });

  it('is not used once its time to live is over, and is replaced then', async () => {
    const key = resultKey();
    await computed(key, 1);
    await store.query(`UPDATE result_cache SET created_at = created_at - interval '1 hour' WHERE key = $1`, [key]);
    expect(await hit(key, { ttl: 60_000 })).toBeUndefined();
    expect(await hit(key, { ttl: 7_200_000 })).toBeDefined();
    const next = await claimed(await asking(key, { ttl: 60_000 }));
    await store.completion.succeed(next, value(2));
    expect((await hit(key, { ttl: 60_000 }))!.cached_from).toBe(next.id);
  });

  it('is replaced by a refresh, which others may wait for', async () => {
    const key = resultKey();
    await computed(key, 1);
    expect(await hit(key, { refresh: true })).toBeUndefined();
    const first = await asking(key, { refresh: true });
    const second = await asking(key, { refresh: true });
    const job = await claimed(first);
    expect(await claim(second)).toBeUndefined();
    expect((await store.reader.get(second)).waiting_reason).toBe(`waits for the result of job ${first}`);
    await store.completion.succeed(job, value(2));
    await store.slotQueue.freed([key]);
    expect(await claim(second)).toBeUndefined();
    expect(await store.row(second)).toMatchObject({ state_name: 'Cached', cached_from: first });
    expect((await hit(key))!.cached_from).toBe(first);
  });

  it('is gone with the job that computed it', async () => {
    const key = resultKey();
    const origin = await computed(key);
    await store.cancellation.remove(origin);
    expect(await hit(key)).toBeUndefined();
    expect(await claim(await asking(key))).toBeDefined();
  });

  it('is of no use without its files: it is computed anew, with the inputs of the request', async () => {
    const key = resultKey();
    const { id, path } = await computedFile(key);
    rmSync(path);
    const job = newJob({ id: uuid(), admission: cached(key) });
    const inputs = join(memory.files.directory(job.id), 'inputs');
    mkdirSync(inputs, { recursive: true });
    expect(await store.cachedJobs.accept(job)).toBeUndefined();
    expect(existsSync(inputs)).toBe(true);
    expect(await store.query('SELECT FROM result_cache WHERE job_id = $1', [id])).toEqual([]);
    expect(await claim(await asking(key))).toBeDefined();
  });

  it('has files of its own, which outlive the origin', async () => {
    const key = resultKey();
    const { id, path } = await computedFile(key);
    const job = (await hit(key))!;
    await store.cancellation.remove(id);
    await memory.files.remove(id);
    const [output] = await store.reader.outputs(job.id);
    expect(memory.files.absolute(output.file!)).not.toBe(path);
    expect(readFileSync(memory.files.absolute(output.file!), 'utf8')).toBe('bytes');
  });

  it('goes with an idempotency key to the job that has it, which is left as it is', async () => {
    const key = resultKey();
    const { id: origin } = await computedFile(key);
    const idempotency = { key: randomUUID(), digest: 'd' };
    const members = () => ({ id: uuid(), admission: cached(key), idempotency });
    const first = (await hit(key, {}, members()))!;
    const again = (await hit(key, {}, members()))!;
    expect(again.id).toBe(first.id);
    expect(await store.reader.outputs(first.id)).toHaveLength(1);
    expect(await store.history(first.id)).toHaveLength(2);

    const running = { key: randomUUID(), digest: 'd' };
    const waiting = await store.accepted({ id: uuid(), admission: cached(key), idempotency: running });
    const third = (await hit(key, {}, { ...members(), idempotency: running }))!;
    expect(third).toMatchObject({ id: waiting, state_type: 'SCHEDULED' });
    expect(await store.reader.outputs(waiting)).toEqual([]);
    expect(origin).not.toBe(first.id);
  });

  it('resumes the job whose step waits for it', async () => {
    const key = resultKey();
    const origin = await computed(key);
    const parent = await store.claimed();
    const child = newJob({ id: uuid(), admission: cached(key) });
    await memory.openChild(parent, 'call', child);
    expect(await memory.suspension.suspend(parent)).toMatchObject({ state_name: 'Suspended' });
    dispatched();
    expect(await claim(child.id)).toBeUndefined();
    expect(await store.row(child.id)).toMatchObject({ state_name: 'Cached', cached_from: origin });
    expect(dispatched()).toContain(parent.id);
    expect(await stateOf(parent.id)).toBe('SCHEDULED/Resuming');
  });

  it('is not taken by a worker that merely can do the same, and not made by it', async () => {
    const key = resultKey();
    const older = await asking(key);
    const crashed = await claimed(older);
    await store.completion.crash(crashed, { code: 'crashed', detail: 'gone' });
    const job = await claimed(older, '1.1.0');
    await store.completion.succeed(job, value(2));
    expect(await hit(key)).toBeUndefined();
    await computed(key);
    expect(await claim(await asking(key), '1.1.0')).toBeDefined();
  });
});

describe('a result that is being computed', () => {
  it('is awaited: 50 identical executions at once compute it once', async () => {
    const key = resultKey();
    const ids = await Promise.all(Array.from({ length: 50 }, () => asking(key)));
    const jobs = (await Promise.all(ids.map((id) => claim(id)))).filter((job) => job !== undefined);
    expect(jobs).toHaveLength(1);
    await store.completion.succeed(jobs[0], value(1));
    dispatched();
    await store.slotQueue.freed([key]);
    const woken = dispatched();
    expect(woken).toHaveLength(49);
    expect(await Promise.all(woken.map((id) => claim(id)))).toEqual(woken.map(() => undefined));
    const states = await store.query<{ state_name: string; n: number }>(
      'SELECT state_name, count(*)::int AS n FROM job WHERE id = ANY($1) GROUP BY 1 ORDER BY 1',
      [ids],
    );
    expect(states).toEqual([
      { state_name: 'Cached', n: 49 },
      { state_name: 'Completed', n: 1 },
    ]);
  });

  it('is computed by the next one when the job fails', async () => {
    const key = resultKey();
    const [first, second, third] = [await asking(key), await asking(key), await asking(key)];
    const job = await claimed(first);
    for (const id of [second, third]) expect(await claim(id)).toBeUndefined();
    await fails(job);
    dispatched();
    await store.slotQueue.freed([key]);
    expect(dispatched()).toEqual([second]);
    await store.completion.succeed(await claimed(second), value(2));
    await store.slotQueue.freed([key]);
    await claim(third);
    expect((await store.row(third)).state_name).toBe('Cached');
    expect(await stateOf(first)).toBe('FAILED/Failed');
  });

  it('stays with the job while it is suspended, and while it waits for another worker', async () => {
    const key = resultKey();
    const [older, younger] = [await asking(key), await asking(key)];
    const job = await claimed(younger);
    expect(await claim(older)).toBeUndefined();
    await memory.suspension.suspend(job);
    await store.slotQueue.wakeAll();
    expect(await stateOf(older)).toBe('SCHEDULED/AwaitingConcurrencySlot');
    const back = await claimed(younger);
    await store.completion.crash(back, { code: 'crashed', detail: 'gone' });
    await store.slotQueue.wakeAll();
    expect(await stateOf(older)).toBe('SCHEDULED/AwaitingConcurrencySlot');
    expect((await claimed(younger)).epoch).toBe(3);
  });

  it('fails a job that would wait for the very one that waits for it, and says why', async () => {
    const key = resultKey();
    const outer = await claimed(await asking(key));
    const middle = newJob({ id: uuid() });
    await memory.openChild(outer, 'call', middle);
    await memory.suspension.suspend(outer);
    const between = (await store.leases.claim(middle.id, 'a-worker', 60_000))!;
    const inner = newJob({ id: uuid(), admission: cached(key) });
    await memory.openChild(between, 'call', inner);
    expect(await claim(inner.id)).toBeUndefined();
    expect(await stateOf(inner.id)).toBe('FAILED/Failed');
    const { fault } = await store.reader.get(inner.id);
    expect(fault?.detail).toMatch(new RegExp(`^The job ${outer.id} computes this very result .* a key that tells`));
  });
});

describe('the result of a task', () => {
  /** A job that this worker runs, with its steps. */
  const running = async () => {
    const held = await store.claimed();
    return { held, id: held.id, steps: memory.of(held) };
  };
  type Scope = 'job' | 'process' | 'global';
  const kept = (key: string, more: object = {}, scope: Scope = 'process') => ({ cache: { key, scope, ...more } });
  const end = (key: string, result: unknown) => ({ key, end: 'completed', name: 'Completed', value: result }) as const;
  const compute = async (key: string, result: unknown, scope?: Scope) => {
    const { id, steps } = await running();
    await steps.begin(step('t', kept(key, {}, scope)));
    await steps.end(end('t', result));
    return { id, steps };
  };

  it.each(['process', 'global'] as const)(
    'is used by other jobs in the scope %s, and says whose it is',
    async (scope) => {
      const key = randomUUID();
      const { id: origin } = await compute(key, { n: 1 }, scope);
      const { id, steps } = await running();
      expect(await steps.begin(step('u', kept(key, {}, scope)))).toEqual({ do: 'return', value: { n: 1 } });
      expect(await memory.rows(id)).toMatchObject([
        { state_type: 'COMPLETED', state_name: 'Cached', attempt: 1, cached_from: { job: origin, key: 't' } },
      ]);
      expect((await store.history(id)).at(-1)).toMatchObject({
        type: 'task-cached',
        data: { task: 'u', origin: { job: origin, key: 't' } },
      });
    },
  );

  it('is used by its own job alone in the scope job', async () => {
    const key = randomUUID();
    const { steps } = await compute(key, 1, 'job');
    expect(await steps.begin(step('again', kept(key, {}, 'job')))).toEqual({ do: 'return', value: 1 });
    const other = await running();
    expect(await other.steps.begin(step('t', kept(key, {}, 'job')))).toMatchObject({ do: 'run' });
  });

  it('is not used once its time to live is over, nor by a refresh', async () => {
    const key = randomUUID();
    const { id: origin } = await compute(key, 1);
    const refreshing = await running();
    expect(await refreshing.steps.begin(step('t', kept(key, { refresh: true })))).toMatchObject({ do: 'run' });
    await refreshing.steps.end(end('t', 2));
    const { steps } = await running();
    expect(await steps.begin(step('t', kept(key)))).toEqual({ do: 'return', value: 2 });
    for (const table of ['result_cache SET created_at', 'task_run SET finished_at']) {
      const column = table.split(' ')[2];
      await store.query(`UPDATE ${table} = ${column} - interval '1 hour' WHERE job_id = $1`, [refreshing.id]);
    }
    const late = await running();
    expect(await late.steps.begin(step('t', kept(key, { ttl: 60_000 })))).toMatchObject({ do: 'run' });
    expect(origin).not.toBe(refreshing.id);
  });

  it('is gone with the job that computed it', async () => {
    const key = randomUUID();
    const { id } = await compute(key, 1);
    await store.query('DELETE FROM job WHERE id = $1', [id]);
    const { steps } = await running();
    expect(await steps.begin(step('t', kept(key)))).toMatchObject({ do: 'run' });
  });

  it('is computed once by jobs that want it at once, and by the next one when its step fails', async () => {
    const key = randomUUID();
    const [one, two, three] = [await running(), await running(), await running()];
    expect(await one.steps.begin(step('t', kept(key)))).toMatchObject({ do: 'run' });
    for (const { steps, held } of [two, three]) {
      expect(await steps.begin(step('t', kept(key)))).toEqual({ do: 'suspend' });
      await memory.suspension.suspend(held);
    }
    const fault = { name: 'Error', message: 'no' };
    await one.steps.end({ key: 't', end: 'failed', name: 'Failed', fault });
    const next = await memory.again(two.id);
    expect(await next.steps.begin(step('t', kept(key)))).toMatchObject({ do: 'run' });
    dispatched();
    await next.steps.end(end('t', 2));
    expect(dispatched()).toEqual([three.id]);
    const last = await memory.again(three.id);
    expect(await last.steps.begin(step('t', kept(key)))).toEqual({ do: 'return', value: 2 });
  });

  it('stays with the step while its job is suspended or has lost its worker', async () => {
    const key = randomUUID();
    const [one, two] = [await running(), await running()];
    await one.steps.begin(step('t', kept(key)));
    await one.steps.begin(step('t/nap', { kind: 'sleep', parent: 't', sleep: 60_000 }));
    await memory.suspension.suspend(one.held);
    expect(await two.steps.begin(step('t', kept(key)))).toEqual({ do: 'suspend' });
    expect(await memory.rows(two.id)).toMatchObject([
      { message: `waits for the result of the same call in job ${one.id}` },
    ]);
    await memory.suspension.suspend(two.held);
    await store.slotQueue.wakeAll();
    expect(await stateOf(two.id)).toBe('SCHEDULED/AwaitingConcurrencySlot');

    await memory.passTime(one.id);
    const back = await memory.again(one.id);
    expect(await back.steps.begin(step('t', kept(key)))).toMatchObject({ do: 'run' });
    await store.completion.crash(back.held, { code: 'crashed', detail: 'gone' });
    await store.slotQueue.wakeAll();
    expect(await stateOf(two.id)).toBe('SCHEDULED/AwaitingConcurrencySlot');
    const last = await memory.again(one.id);
    await last.steps.begin(step('t', kept(key)));
    await last.steps.begin(step('t/nap', { kind: 'sleep', parent: 't', sleep: 60_000 }));
    await last.steps.end(end('t', 1));
    const other = await memory.again(two.id);
    expect(await other.steps.begin(step('t', kept(key)))).toEqual({ do: 'return', value: 1 });
  });

  it('is kept under the call that was made, not under the one of an interrupted attempt', async () => {
    const [before, after] = [randomUUID(), randomUUID()];
    const { id, held, steps } = await running();
    await steps.begin(step('t', { ...kept(before), inputHash: 'one', onDrift: 'rerun' }));
    await store.completion.crash(held, { code: 'crashed', detail: 'gone' });
    const again = await memory.again(id);
    await again.steps.begin(step('t', { ...kept(after), inputHash: 'two', onDrift: 'rerun' }));
    await again.steps.end(end('t', 'of two'));
    const other = await running();
    expect(await other.steps.begin(step('a', kept(before)))).toMatchObject({ do: 'run' });
    expect(await other.steps.begin(step('b', kept(after)))).toEqual({ do: 'return', value: 'of two' });
  });

  it('fails a step that would wait for the very one that waits for its job, and says why', async () => {
    const key = randomUUID();
    const outer = await running();
    await outer.steps.begin(step('t', kept(key)));
    const child = newJob({ id: uuid() });
    await memory.openChild(outer.held, 't/call', child);
    const held = (await store.leases.claim(child.id, 'a-worker', 60_000))!;
    expect(await memory.of(held).begin(step('t', kept(key)))).toMatchObject({
      do: 'throw',
      fault: { name: 'CacheCycleError', message: expect.stringMatching(`job ${outer.id} computes this very result`) },
    });
    const beside = newJob({ id: uuid() });
    await memory.openChild(outer.held, 'call', beside);
    const waiting = (await store.leases.claim(beside.id, 'a-worker', 60_000))!;
    expect(await memory.of(waiting).begin(step('t', kept(key)))).toEqual({ do: 'suspend' });
  });
});
