import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '../harness/backends.js';
import type { Client } from '../harness/client.js';
import { OwnService } from '../harness/own-service.js';

jest.setTimeout(90_000);

interface Task {
  readonly key: string;
  readonly kind: string;
  readonly parent?: string;
  readonly state: { readonly type: string; readonly name: string };
  readonly attempt: number;
  readonly after: readonly string[];
  readonly tags: readonly string[];
  readonly worker?: string;
  readonly message?: string;
  readonly fault?: { readonly name: string; readonly message: string };
  readonly failures: readonly { readonly attempt: number; readonly fault: { readonly message: string } }[];
}

const own = new OwnService('e2e-executors', {
  PROCESS_MODULES: resolve('test/fixtures/executor-flows.mjs'),
  WORKER_CONCURRENCY: '4',
  EXECUTOR_WARM: '1',
  MAX_RECOVERIES: '2',
  CANCEL_GRACE: '1s',
});
let client: Client;
let places = 0;

beforeAll(async () => {
  client = await own.start();
}, 60_000);
afterAll(() => own.stop(), 60_000);

/** A directory in which a flow writes down what it does. */
async function place(): Promise<string> {
  const path = own.path(`place-${(places += 1)}`);
  await mkdir(path);
  return path;
}

/** What a flow has written down, without the process ids. */
async function notes(path: string): Promise<string[]> {
  const text = await readFile(join(path, 'notes'), 'utf8').catch(() => '');
  return [...text.matchAll(/^(\S+) \d+$/gm)].map(([, what]) => what);
}

const noted = (path: string, what: string) =>
  eventually(async () => ((await notes(path)).includes(what) ? true : undefined), `the flow wrote "${what}"`);

/** An output whose value is text or JSON. */
async function output(id: string, name: string): Promise<unknown> {
  const text = await (await client.get(`/jobs/${id}/results/${name}`)).text();
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

async function tasks(id: string): Promise<Task[]> {
  const page = await client.getJson<{ tasks: Task[] }>(`/jobs/${id}/tasks?limit=100`);
  return page.tasks.sort((one, other) => (one.key < other.key ? -1 : 1));
}

/** Of each task its state, the number of its attempt and the tasks before it, which are the same whoever runs it. */
const told = async (id: string) =>
  Object.fromEntries(
    (await tasks(id)).map(({ key, state, attempt, after }) => [key, [state.name, attempt, [...after].sort()]]),
  );

async function logged(id: string): Promise<unknown[]> {
  const { lines } = await client.getJson<{ lines: { level: string; message: string; data?: unknown }[] }>(
    `/jobs/${id}/logs`,
  );
  return lines.filter(({ level }) => level === 'info').map(({ message, data }) => [message, data]);
}

async function waitsFor(id: string, task: string): Promise<void> {
  await eventually(async () => {
    const { inputRequests = [] } = await client.getJson<{ inputRequests?: { task: string }[] }>(`/jobs/${id}`);
    return inputRequests.some((request) => request.task === task) ? true : undefined;
  }, `job ${id} asks for "${task}"`);
}

async function answer(id: string, task: string, input: unknown): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const init = { method: 'POST', headers, body: JSON.stringify({ task, input }) };
  expect((await client.fetch(`/jobs/${id}/resume`, init)).status).toBe(200);
}

describe.each(['local', 'distributed'])('The executor "%s"', (executor) => {
  const submit = (name: string, inputs: Record<string, unknown>) => client.submit(`${executor}-${name}`, inputs);

  it('runs tasks beside, after and inside of one another: results, tasks, log, progress, artifacts and files', async () => {
    const path = await place();
    const id = await submit('tour', { place: path, numbers: [1, 2, 3, 4] });

    expect(await client.ended(id)).toMatchObject({ status: 'successful', progress: 100, message: 'added' });
    expect(await output(id, 'sum')).toBe(30);
    expect(await output(id, 'report')).toBe('sum 30');
    const squares = [1, 2, 3, 4].map((n) => `map[${n}]/square`);
    expect(await told(id)).toEqual({
      ...Object.fromEntries(squares.map((key) => [key, ['Completed', 1, []]])),
      sleep: ['Completed', 1, squares],
      add: ['Completed', 1, ['sleep']],
      'add/half': ['Completed', 1, []],
      'add/half#2': ['Completed', 1, ['add/half']],
      report: ['Completed', 1, ['add']],
    });
    expect((await tasks(id)).map(({ key, kind, parent, tags }) => [key, kind, parent, tags])).toEqual([
      ['add', 'task', undefined, []],
      ['add/half', 'run', 'add', []],
      ['add/half#2', 'run', 'add', []],
      ...squares.map((key) => [key, 'task', undefined, ['math']]),
      ['report', 'task', undefined, []],
      ['sleep', 'sleep', undefined, []],
    ]);
    const tagged = await client.getJson<{ tasks: Task[] }>(`/jobs/${id}/tasks?limit=100&tag=math&tag=other`);
    expect(tagged.tasks.map(({ key }) => key).sort()).toEqual(squares);
    expect(tagged.tasks.map(({ worker }) => worker)).toEqual(squares.map(() => expect.stringContaining(':')));
    expect(await client.getJson(`/jobs/${id}/tasks?tag=other`)).toMatchObject({ tasks: [] });
    expect(await logged(id)).toEqual([['The sum is 30', { task: 'report', sum: 30 }]]);
    const { artifacts } = await client.getJson<{ artifacts: unknown[] }>(`/jobs/${id}/artifacts`);
    expect(artifacts).toMatchObject([{ key: 'sum', type: 'markdown', data: '# 30', step: 'report' }]);
    expect((await notes(path)).sort()).toEqual(['report', 'square-1', 'square-2', 'square-3', 'square-4']);
  });

  it('tells the flow of every end that a task can come to', async () => {
    const path = await place();
    const id = await submit('ends', { place: path });

    expect(await client.ended(id)).toMatchObject({ status: 'successful' });
    const limit = 'The step took longer than its time limit of 200 ms';
    expect(await output(id, 'ends')).toEqual([
      'TaskFailedError RangeError: The step "fails" failed: too far',
      'ProcessRejection undefined: no',
      `TaskFailedError TimeoutError: The step "hangs" failed: ${limit}`,
      'value undefined',
      'value 3',
      'value given default',
    ]);
    expect(await told(id)).toEqual({
      fails: ['Failed', 1, []],
      rejects: ['Failed', 1, ['fails']],
      hangs: ['TimedOut', 1, ['rejects']],
      skips: ['Skipped', 1, ['hangs']],
      retries: ['Completed', 3, ['skips']],
      defaults: ['Completed', 1, ['retries']],
    });
    const all = new Map((await tasks(id)).map((task) => [task.key, task]));
    expect(all.get('fails')?.fault).toEqual({ name: 'RangeError', message: 'too far' });
    expect(all.get('rejects')?.fault).toEqual({ name: 'ProcessRejection', message: 'no' });
    expect(all.get('skips')?.message).toBe('nothing to do');
    expect(all.get('retries')?.failures.map(({ attempt, fault }) => [attempt, fault.message])).toEqual([
      [1, 'try 1'],
      [2, 'try 2'],
    ]);
    expect(await notes(path)).toEqual(['try', 'try', 'try']);
  });

  it('waits for answers to a task, and inside of one, and takes no step again that had ended', async () => {
    const path = await place();
    const id = await submit('waits', { place: path });
    await waitsFor(id, 'asks');
    await waitsFor(id, 'sleeps/inner');
    await answer(id, 'sleeps/inner', { n: 3 });
    await answer(id, 'asks', { n: 2 });

    expect(await client.ended(id)).toMatchObject({ status: 'successful' });
    expect(await output(id, 'sum')).toBe(6);
    expect(await told(id)).toEqual({
      asks: ['Completed', 1, []],
      sleeps: ['Completed', 1, []],
      'sleeps/one': ['Completed', 1, []],
      'sleeps/sleep': ['Completed', 1, ['sleeps/one']],
      'sleeps/inner': ['Completed', 1, ['sleeps/sleep']],
    });
    expect((await notes(path)).filter((what) => what === 'one')).toEqual(['one']);
  });

  it('runs tasks at the same time, in one executor or in as many', async () => {
    const path = await place();
    const id = await submit('gates', { place: path, names: ['a', 'b'] });
    await noted(path, 'start-a');
    await noted(path, 'start-b');
    await writeFile(join(path, 'b'), '');
    await noted(path, 'end-b');
    await writeFile(join(path, 'a'), '');

    expect(await client.ended(id)).toMatchObject({ status: 'successful' });
    expect((await notes(path)).slice(2)).toEqual(['end-b', 'end-a', 'last']);
    const pids = (await output(id, 'pids')) as number[];
    expect(new Set(pids).size).toBe(executor === 'local' ? 1 : 2);
  });

  it('makes up for an executor that dies under a task, and runs no task again that had ended', async () => {
    const path = await place();
    const id = await submit('dies', { place: path, times: 1 });

    expect(await client.ended(id)).toMatchObject({ status: 'successful' });
    expect(await notes(path)).toEqual(['lives', 'dies', 'dies']);
    expect(await told(id)).toMatchObject({ lives: ['Completed', 1, []], dies: ['Completed', 1, ['lives']] });
  });

  it('gives up a job whose task uses up the budget for crashes', async () => {
    const path = await place();
    const id = await submit('dies', { place: path, times: 100 });

    expect(await client.ended(id)).toMatchObject({ status: 'failed', state: { type: 'CRASHED', name: 'Crashed' } });
    expect(await notes(path)).toEqual(['lives', 'dies', 'dies', 'dies']);
  });

  it('ends a job whose task takes longer than the job may', async () => {
    const path = await place();
    const id = await submit('overtime', { place: path });

    expect(await client.ended(id)).toMatchObject({ status: 'failed', state: { type: 'FAILED', name: 'TimedOut' } });
    expect(await notes(path)).toEqual(['lingers']);
  });

  it('runs a graph of tasks by what became of those before', async () => {
    const path = await place();
    const id = await submit('graph', { place: path });

    expect(await client.ended(id)).toMatchObject({ status: 'successful' });
    expect(await output(id, 'ends')).toEqual(['one undefined string']);
    expect(await told(id)).toEqual({
      first: ['Completed', 1, []],
      broken: ['Failed', 1, ['first']],
      never: ['TriggerFailed', 1, ['broken']],
      always: ['Completed', 1, ['broken', 'first', 'never']],
    });
  });
});
