import { randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually, testedBackends } from '../harness/backends.js';
import { counts, fixture, flowInputs, open, openFlowSite } from '../harness/flow-site.js';
import type { Service } from '../harness/service.js';
import { useSharedSite } from '../harness/shared-site.js';
import { clientOf, type Site } from '../harness/site.js';
import { useSites } from '../harness/sites.js';

jest.setTimeout(180_000);

const sites = useSites();
let site: Site;

interface TaskRow {
  readonly key: string;
  readonly state_type: string;
  readonly state_name: string;
  readonly worker_id: string | null;
  readonly recoveries: number;
}

const SETTINGS = {
  PROCESS_MODULES: resolve('test/fixtures/executor-flows.mjs'),
  // A queue entry keeps a worker busy, so that every task under way has a worker to itself.
  WORKER_CONCURRENCY: '1',
  SHUTDOWN_GRACE: '300ms',
  MAX_RECOVERIES: '1',
};

/** A directory for one flow. */
async function place(): Promise<string> {
  const path = site.path(randomUUID());
  await mkdir(path, { recursive: true });
  return path;
}

/** How often a flow has written each of its lines. */
async function noted(path: string): Promise<Record<string, number>> {
  const text = await readFile(join(path, 'notes'), 'utf8').catch(() => '');
  const count: Record<string, number> = {};
  for (const [, what] of text.matchAll(/^(\S+) \d+$/gm)) count[what] = (count[what] ?? 0) + 1;
  return count;
}

/** Waits until a flow has written a line for the n-th time. */
async function notes(path: string, what: string, times = 1): Promise<void> {
  const look = async () => (((await noted(path))[what] ?? 0) >= times ? true : undefined);
  await eventually(look, `the flow wrote "${what}" ${times} time(s)`);
}

const pass = (path: string, gate: string) => writeFile(join(path, gate), '');

const tasks = (jobId: string) => site.query<TaskRow>('SELECT * FROM task_run WHERE job_id = $1 ORDER BY seq', [jobId]);

async function inState(jobId: string, name: string): Promise<void> {
  await eventually(async () => ((await site.row(jobId)).state_name === name ? true : undefined), `${jobId} is ${name}`);
}

/** The worker that runs a task of a job. */
async function workerOf(jobId: string, key: string, workers: readonly Service[]): Promise<Service> {
  const task = (await tasks(jobId)).find((one) => one.key === key);
  const worker = workers.find(({ pid }) => pid === Number(task?.worker_id?.split(':')[1]));
  if (worker === undefined) throw new Error(`no worker of this test runs the task ${key}`);
  return worker;
}

const wait = (name: string) => `map[${name}]/wait`;

describe.each(testedBackends())('distributed tasks, queue on %s', (backend) => {
  const shared = useSharedSite(sites, backend, SETTINGS);
  beforeAll(() => {
    site = shared.site;
  });

  /** A flow whose task `x` has ended, and whose tasks `a` and `b` are under way on workers of their own. */
  async function underWay() {
    const { client } = shared;
    const workers = await shared.staff(3);
    const path = await place();
    await pass(path, 'x');
    const job = await client.submit('distributed-gates', { place: path, names: ['x', 'a', 'b'] });
    for (const what of ['end-x', 'start-a', 'start-b']) await notes(path, what);
    await inState(job, 'Suspended');
    return { client, workers, path, job };
  }

  it('15 a task that kills its executor always: the job is Crashed, and its worker runs others', async () => {
    const { client } = shared;
    const workers = await shared.staff(1);
    const path = await place();
    const job = await client.submit('distributed-dies', { place: path, times: 100 });

    expect(await client.ended(job)).toMatchObject({ status: 'failed', state: { type: 'CRASHED', name: 'Crashed' } });
    expect(await noted(path)).toEqual({ lives: 1, dies: 2 });
    expect((await tasks(job)).map(({ key, state_type: type }) => [key, type])).toEqual([
      ['lives', 'COMPLETED'],
      ['dies', 'CRASHED'],
    ]);
    const next = await client.submit('distributed-graph', { place: path });
    expect(await client.ended(next)).toMatchObject({ status: 'successful' });
    expect(workers.map(({ running }) => running)).toEqual([true]);
  });

  it('the worker of a task is killed: the task is run again, those beside it and those that had ended are not', async () => {
    const { client, workers, path, job } = await underWay();
    const [lost, other] = [await workerOf(job, wait('a'), workers), await workerOf(job, wait('b'), workers)];
    expect(lost).not.toBe(other);
    lost.kill('SIGKILL');
    await notes(path, 'start-a', 2);
    for (const name of ['a', 'b']) await pass(path, name);

    expect(await client.ended(job)).toMatchObject({ status: 'successful' });
    expect(await noted(path)).toEqual({
      ...{ 'start-x': 1, 'end-x': 1, 'start-a': 2, 'end-a': 1, 'start-b': 1, 'end-b': 1 },
      last: 1,
    });
    expect(await site.row(job)).toMatchObject({ recoveries: 0 });
    const recoveries = (await tasks(job)).map((task) => [task.key, task.recoveries]);
    expect(Object.fromEntries(recoveries)).toMatchObject({ [wait('x')]: 0, [wait('a')]: 1, [wait('b')]: 0 });
  });

  it('the worker of the flow is killed: its tasks on other workers go on', async () => {
    const { client } = shared;
    const workers = await shared.staff(3);
    const path = await place();
    const job = await client.submit('distributed-beside', { place: path });
    await notes(path, 'start-own');
    await notes(path, 'start-task');
    const pid = Number((await site.row(job)).worker_id?.split(':')[1]);
    const lost = workers.find((worker) => worker.pid === pid)!;
    expect(await workerOf(job, 'wait', workers)).not.toBe(lost);
    lost.kill('SIGKILL');
    await notes(path, 'start-own', 2);
    await pass(path, 'own');
    await pass(path, 'task');

    expect(await client.ended(job)).toMatchObject({ status: 'successful' });
    expect(await noted(path)).toEqual({ 'start-own': 2, 'start-task': 1 });
    expect(await site.row(job)).toMatchObject({ recoveries: 1 });
    expect((await tasks(job)).map(({ recoveries }) => recoveries)).toEqual([0, 0]);
  });

  it('17 the worker of a task shuts down: the task is handed back, which is no failure', async () => {
    const { client, workers, path, job } = await underWay();
    await (await workerOf(job, wait('a'), workers)).stop();
    await notes(path, 'start-a', 2);
    for (const name of ['a', 'b']) await pass(path, name);

    expect(await client.ended(job)).toMatchObject({ status: 'successful' });
    expect(await noted(path)).toMatchObject({ 'start-a': 2, 'stopped-a': 1, 'end-a': 1, 'start-b': 1, last: 1 });
    expect(await site.recoveries(job)).toBe(0);
    expect((await site.history(job)).filter(({ type }) => type === 'task-handed-back')).toHaveLength(1);
  });

  it('21 the job is dismissed: its tasks are stopped wherever they run, and their workers are free', async () => {
    const { client, path, job } = await underWay();
    expect((await client.dismiss(job)).status).toBe(200);
    expect(await client.ended(job)).toMatchObject({ status: 'dismissed' });
    for (const name of ['a', 'b']) await notes(path, `stopped-${name}`);
    for (const name of ['a', 'b']) await pass(path, name);
    const next = await client.submit('distributed-graph', { place: path });
    expect(await client.ended(next)).toMatchObject({ status: 'successful' });
    expect(Object.keys(await noted(path)).filter((what) => /^(end-[ab]|last)$/.test(what))).toEqual([]);
    const held = async () =>
      (await site.query(`SELECT FROM task_run WHERE lease_until IS NOT NULL OR dispatched_at IS NOT NULL`)).length === 0
        ? true
        : undefined;
    await eventually(held, 'no task is held any more');
  });

  it('a pause lets the tasks end that run, and begins no other until it has ended', async () => {
    const { client, path, job } = await underWay();
    const post = (verb: string) => client.fetch(`/jobs/${job}/${verb}`, { method: 'POST' });
    expect((await post('pause')).status).toBe(200);
    for (const name of ['a', 'b']) await pass(path, name);
    for (const name of ['a', 'b']) await notes(path, `end-${name}`);
    await eventually(
      async () => ((await tasks(job)).every(({ state_type: type }) => type === 'COMPLETED') ? true : undefined),
      'the tasks have ended',
    );
    expect(await client.status(job)).toMatchObject({ status: 'running', state: { name: 'Paused' } });
    expect((await tasks(job)).map(({ key }) => key)).not.toContain('last');

    expect((await post('resume')).status).toBe(200);
    expect(await client.ended(job)).toMatchObject({ status: 'successful' });
    expect(await noted(path)).toMatchObject({ 'start-a': 1, 'start-b': 1, last: 1 });
  });

  it('the queue loses the entry of a task: the supervisor puts it back', async () => {
    const { client } = shared;
    await shared.staff(1);
    const path = await place();
    const job = await client.submit('distributed-gates', { place: path, names: ['a', 'b'] });
    await eventually(async () => {
      const states = (await tasks(job)).map(({ state_name: name }) => name).sort();
      return String(states) === 'AwaitingWorker,Running' ? true : undefined;
    }, 'one task runs, the other one waits');
    if (site.redis) {
      await site.redis.down();
      await site.redis.up();
    } else {
      await site.query('DELETE FROM bullmq.job');
    }
    for (const name of ['a', 'b']) await pass(path, name);

    expect(await client.ended(job, 120_000)).toMatchObject({ status: 'successful' });
    expect(await noted(path)).toEqual({ 'start-a': 1, 'end-a': 1, 'start-b': 1, 'end-b': 1, last: 1 });
    expect(await site.recoveries(job)).toBe(0);
  });
});

describe.each(testedBackends())('distributed tasks of several releases, queue on %s', (backend) => {
  it('18 a task of version 1 waits when only version 2 is left, says for what over HTTP, and goes on with its job', async () => {
    const release = (version: string) => ({
      PROCESS_MODULES: fixture('rolling-processes.mjs', { version, executor: 'distributed' }),
    });
    site = await openFlowSite(sites, { SHUTDOWN_GRACE: '300ms' }, backend);
    const client = clientOf(await site.api({ ROLE: 'api', ...release('1.4.0') }));
    const old = await site.worker(release('1.4.0'));
    const job = await client.submit('rolling', flowInputs(site, ['fetch']));
    await site.noted(job, 'fetch');
    await inState(job, 'Suspended');
    await site.worker(release('2.0.0'));
    await old.stop();

    const reasonOf = async () =>
      (await client.getJson<{ status: string; waitingReason?: string }>(`/jobs/${job}`)).waitingReason;
    const told = 'waits for a worker with rolling@1';
    await eventually(
      async () => ((await reasonOf()) === told ? true : undefined),
      'the job says what its task waits for',
    );
    await open(site, 'fetch');
    await site.worker(release('1.5.0'));
    expect(await client.ended(job)).toMatchObject({ status: 'successful' });
    expect(await client.getJson(`/jobs/${job}/results`)).toMatchObject({ version: '1.5.0' });
    expect(await counts(site, job, /./)).toEqual({ fetch: 2, middle: 1, finish: 1 });
    expect(await site.recoveries(job)).toBe(0);
  });
});
