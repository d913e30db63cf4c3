import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { eventually, testedBackends } from '../harness/backends.js';
import type { Client } from '../harness/client.js';
import { type StagingNode, StagingStack } from '../harness/staging.js';

jest.setTimeout(300_000);

/** What an operator would add to docker/.env, and short intervals, so that recovery comes quickly. */
const SETTINGS = {
  PROCESS_MODULES: ['probe-processes.mjs', 'fault-processes.mjs']
    .map((file) => resolve('test/fixtures', file))
    .join(','),
  LEASE: '3s',
  SUPERVISOR_INTERVAL: '500ms',
  CANCEL_GRACE: '1s',
};

/** What this suite stores is small, and so in the database. */
const NO_BUCKET = {
  endpoint: 'http://127.0.0.1:9',
  credentials: { accessKeyId: 'nobody', secretAccessKey: 'nothing' },
};

const describeWithRedis = testedBackends().includes('redis') ? describe : describe.skip;

describeWithRedis('The stack of docker/compose.yaml as plain processes', () => {
  let stack: StagingStack;
  let api: StagingNode & { client: Client };
  let workers: StagingNode[];

  beforeAll(async () => {
    stack = await StagingStack.open(NO_BUCKET, SETTINGS);
    expect(await stack.migrate()).toBe(0);
    [api, workers] = await Promise.all([stack.api(), Promise.all([stack.worker(), stack.worker()])]);
  });

  afterAll(() => stack.close());

  const journal = () => stack.path('journal');

  /** Waits until the code of a job has noted something for the n-th time. */
  async function noted(job: string, what: string, times = 1): Promise<void> {
    const look = async () => {
      const text = await readFile(journal(), 'utf8').catch(() => '');
      const lines = text.split('\n').filter((line) => line.startsWith(`${what} ${job} `));
      return lines.length >= times ? true : undefined;
    };
    await eventually(look, `job ${job} noted "${what}" ${times} time(s)`);
  }

  /** Starts a job that waits for a file. */
  async function waitingJob(gate: string): Promise<string> {
    const job = await api.client.submit('gate', { journal: journal(), gate: stack.path(gate) });
    await noted(job, 'start');
    return job;
  }

  it('is healthy by the check of the image: the API and both workers', () => {
    for (const node of [api, ...workers]) expect(stack.isHealthy(node)).toBe(true);
    expect(stack.isHealthy({ ...api, environment: { ...api.environment, PORT: '1' } })).toBe(false);
  });

  it('executes synchronously, in the API itself and through the queue', async () => {
    const inline = await api.client.execute('hello-world', { inputs: { name: 'Ada' } });
    expect([inline.status, await inline.text()]).toEqual([200, 'Hello Ada!']);
    const queued = await api.client.execute('mirror', { inputs: { value: 'through Redis' } });
    expect([queued.status, await queued.json()]).toEqual([200, 'through Redis']);
  });

  it('executes asynchronously, and gives the result by value', async () => {
    const job = await api.client.submit('mirror', { value: [1, 2, 3] });
    expect(await api.client.ended(job)).toMatchObject({ status: 'successful' });
    expect(await api.client.getJson(`/jobs/${job}/results`)).toEqual([1, 2, 3]);
  });

  it('dismisses a job that runs on a worker', async () => {
    const job = await waitingJob('never');
    expect((await api.client.dismiss(job)).status).toBe(200);
    expect(await api.client.ended(job)).toMatchObject({ status: 'dismissed' });
  });

  it('finishes the job of a killed worker on the other one', async () => {
    const job = await waitingJob('gate-of-killed');
    const lost = await stack.holder(job);
    lost.service.kill('SIGKILL');
    await lost.service.exited();
    expect(stack.isHealthy(lost)).toBe(false);
    await noted(job, 'start', 2);
    await writeFile(stack.path('gate-of-killed'), '');
    expect(await api.client.ended(job)).toMatchObject({ status: 'successful' });
    // As the restart policy does.
    await stack.worker();
  });

  it('keeps jobs and results when the API is replaced, and those that run meanwhile', async () => {
    const done = await api.client.submit('mirror', { value: 'kept' });
    await api.client.ended(done);
    const running = await waitingJob('gate-of-replaced');
    api.service.kill('SIGTERM');
    expect(await api.service.exited()).toBe(0);
    await writeFile(stack.path('gate-of-replaced'), '');

    api = await stack.api();
    expect(await api.client.getJson(`/jobs/${done}/results`)).toBe('kept');
    expect(await api.client.ended(running)).toMatchObject({ status: 'successful' });
  });

  it('lets a worker that is stopped finish what it runs', async () => {
    const job = await waitingJob('gate-of-stopped');
    const stopped = await stack.holder(job);
    stopped.service.kill('SIGTERM');
    await stopped.service.logged(/^SIGTERM: stopping$/);
    await writeFile(stack.path('gate-of-stopped'), '');
    expect(await stopped.service.exited()).toBe(0);
    expect(await api.client.ended(job)).toMatchObject({ status: 'successful' });
    expect(await api.client.getJson(`/jobs/${job}/results`)).toEqual(expect.any(Number));
  });

  it('loses no job when Redis is killed, and Redis knows its queue again', async () => {
    const job = await waitingJob('gate-of-redis');
    await stack.redis.down();
    await stack.redis.up();
    await writeFile(stack.path('gate-of-redis'), '');
    expect(await api.client.ended(job)).toMatchObject({ status: 'successful' });
    expect(readdirSync(stack.path('redis'))).toContain('appendonlydir');
  });
});
