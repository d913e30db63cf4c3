import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { eventually, RedisServer, testedBackends } from '../harness/backends.js';
import { Client, type JobStatus } from '../harness/client.js';
import { parentOf } from '../harness/embedded-postgres.js';
import { expectProblem, OGC_PROBLEM, OWN_PROBLEM } from '../harness/problem.js';
import { Service } from '../harness/service.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

jest.setTimeout(60_000);

// An API that runs nothing itself, and two worker processes beside it: all of them share one data directory, and so
// the embedded database of the API. Everything that is executed here has come through the queue.
describe.each(testedBackends())('ROLE=api with two workers, queue on %s', (backend) => {
  const directory = temporaryDirectory(`e2e-queue-${backend}`);
  const journal = join(directory.path, 'journal');
  let redis: RedisServer | undefined;
  let api: Service;
  let workers: Service[];
  let client: Client;

  beforeAll(async () => {
    redis = backend === 'redis' ? await RedisServer.start() : undefined;
    const settings = {
      DATA_DIR: join(directory.path, 'data'),
      PROCESS_MODULES: resolve('test/fixtures/probe-processes.mjs'),
      CANCEL_GRACE: '500ms',
      WORKER_CONCURRENCY: '2',
      ...(redis && { REDIS_URL: redis.url }),
    };
    api = await Service.start({ ...settings, ROLE: 'api' });
    client = new Client(api.url());
    // Once by its own entry point, once by the command line.
    workers = [Service.spawn(settings, 'worker.js'), Service.spawn(settings, 'cli.js', ['worker'])];
    await Promise.all(workers.map((worker) => worker.logged(/^A worker takes up to 2 jobs at once/)));
  });
  afterAll(async () => {
    await Promise.all((workers ?? []).map((worker) => worker.stop()));
    await api?.stop();
    await redis?.down();
    directory.remove();
  });

  const noted = async (): Promise<string> => readFile(journal, 'utf8').catch(() => '');

  it('is ready, and names the queue among what it needs', async () => {
    expect(await client.getJson('/health/ready')).toMatchObject({
      status: 'ok',
      checks: { database: { status: 'ok' }, queue: { status: 'ok' } },
    });
  });

  it('runs asynchronous jobs in both workers, each job exactly once', async () => {
    const tokens = Array.from({ length: 12 }, (_, index) => `job-${index}-`);
    const ids = await Promise.all(tokens.map((token) => client.submit('sleeper', { journal, token, ms: 250 })));
    // An executor can be asked for its parent as long as it lives, which is about as long as it has work.
    const parents = new Set<number>();
    const bothWork = async () => {
      for (const [, pid] of (await noted()).matchAll(/^start \S+ (\d+)$/gm)) {
        parents.add(await parentOf(Number(pid)).catch(() => NaN));
      }
      return workers.every((worker) => parents.has(worker.pid)) || undefined;
    };
    await eventually(bothWork, 'both workers have started a job');
    for (const id of ids) expect((await client.ended(id)).status).toBe('successful');
    const lines = (await noted()).trim().split('\n');
    for (const token of tokens) {
      expect(lines.filter((line) => line.startsWith(`start ${token}`))).toHaveLength(1);
      expect(lines.filter((line) => line.startsWith(`end ${token}`))).toHaveLength(1);
    }
    const others = [...parents].filter((pid) => !Number.isNaN(pid) && !workers.some((worker) => worker.pid === pid));
    expect(others).toEqual([]);
  });

  it('answers a synchronous execution with the results from a worker, and a job as its monitor', async () => {
    const response = await client.execute('simple-flow', { inputs: { name: 'Ada', message: 'Welcome.' } });
    expect([response.status, await response.text()]).toEqual([200, 'Hello Ada! Welcome.']);
    const [, monitor] = /<([^>]+)>; rel="monitor"/.exec(response.headers.get('link')!)!;
    expect(await (await fetch(monitor)).json()).toMatchObject({ processID: 'simple-flow', status: 'successful' });
  });

  it('runs an inline process itself when it is asked synchronously, and in a worker when asynchronously', async () => {
    const inputs = { name: 'Ada' };
    const response = await client.execute('hello-world', { inputs });
    expect([response.status, await response.text()]).toEqual([200, 'Hello Ada!']);
    const id = await client.submit('hello-world', inputs);
    expect((await client.ended(id)).status).toBe('successful');
    expect(await (await client.get(`/jobs/${id}/results`)).text()).toBe('Hello Ada!');
  });

  it.each([
    ['what a process throws', 'chatty', { lines: 1, fail: 'on purpose' }, 500, `${OWN_PROBLEM}/process-failed`],
    ['a ProcessRejection', 'chatty', { lines: 1, reject: 'no' }, 400, `${OGC_PROBLEM}/InvalidParameterValue`],
    ['a time limit', 'busy', { ms: 600_000 }, 500, `${OWN_PROBLEM}/timed-out`],
    ['an invalid output', 'liar', {}, 500, `${OWN_PROBLEM}/invalid-output`],
  ])('answers a synchronous execution that ends with %s as if it had run here', async (_, id, inputs, status, type) => {
    await expectProblem(await client.execute(id, { inputs }), status, type);
  });

  it('wait=1 turns into a job that goes on in its worker', async () => {
    const inputs = { journal, token: 'waited', ms: 2_500 };
    const response = await client.execute('sleeper', { inputs }, { prefer: 'wait=1' });
    expect([response.status, response.headers.get('preference-applied')]).toEqual([201, 'wait=1']);
    const { jobID } = (await response.json()) as JobStatus;
    expect((await client.ended(jobID)).status).toBe('successful');
    expect(await client.getJson(`/jobs/${jobID}/results`)).toBe('waited');
  });

  it('wait=30 ends with the answer as soon as a worker has it', async () => {
    const response = await client.execute('noop-child', { inputs: {} }, { prefer: 'wait=30' });
    expect([response.status, response.headers.get('preference-applied'), await response.json()]).toEqual([
      200,
      'wait=30',
      'yes',
    ]);
  });

  it('serves files and logs that a worker made, and takes inputs that came as files', async () => {
    const bytes = 3 * 1024 * 1024 + 1;
    const id = await client.submit('writer', { bytes });
    expect((await client.ended(id)).status).toBe('successful');
    const response = await client.get(`/jobs/${id}/results`);
    const body = Buffer.from(await response.arrayBuffer());
    expect(body.length).toBe(bytes);
    const etag = (await fetch(`${client.base}/jobs/${id}/results/file`, { method: 'HEAD' })).headers.get('etag');
    expect(etag).toBe(`"${createHash('sha256').update(body).digest('hex')}"`);

    const large = 'tide '.repeat(200_000);
    const mirrored = await client.submit('mirror', { value: large });
    expect((await client.ended(mirrored)).status).toBe('successful');
    expect((await client.getJson<unknown>(`/jobs/${mirrored}/results`)) === large).toBe(true);

    const chatty = await client.submit('chatty', { lines: 60 });
    await client.ended(chatty);
    const { lines } = await client.getJson<{ lines: { message: string }[] }>(`/jobs/${chatty}/logs?limit=100`);
    expect(lines.map(({ message }) => message)).toEqual(Array.from({ length: 60 }, (_, index) => `line ${index + 1}`));
  });

  it.each([false, true])(
    'dismisses a job that runs in a worker (code that ignores the signal: %j)',
    async (stubborn) => {
      const token = `dismissed-${stubborn}`;
      const id = await client.submit('sleeper', { journal, token, ms: 600_000, stubborn });
      await eventually(async () => (await noted()).includes(`start ${token}`) || undefined, 'the job runs');
      const response = await client.dismiss(id);
      expect([response.status, await response.json()]).toEqual([200, expect.objectContaining({ status: 'dismissed' })]);
      expect(await client.status(id)).toMatchObject({ status: 'dismissed', state: { type: 'CANCELLED' } });
      expect(await noted()).not.toContain(`end ${token}`);
    },
  );

  it('keeps accepted jobs while no worker is there; a worker that comes back runs them, but not those dismissed', async () => {
    await Promise.all(workers.map((worker) => worker.stop()));
    const dismissed = await client.submit('sleeper', { journal, token: 'in-vain', ms: 0 });
    const id = await client.submit('chatty', { lines: 2 });
    expect(await (await client.dismiss(dismissed)).json()).toMatchObject({ status: 'dismissed' });
    const waiting = await client.status(id);
    expect(waiting).toMatchObject({ status: 'accepted', state: { type: 'SCHEDULED' } });
    await expectProblem(await client.get(`/jobs/${id}/results`), 404, `${OGC_PROBLEM}/result-not-ready`);
    workers = [
      await Service.startWorker({
        DATA_DIR: join(directory.path, 'data'),
        PROCESS_MODULES: resolve('test/fixtures/probe-processes.mjs'),
        ...(redis && { REDIS_URL: redis.url }),
      }),
    ];
    expect((await client.ended(id)).status).toBe('successful');
    expect(await noted()).not.toContain('in-vain');
    expect((await client.status(dismissed)).status).toBe('dismissed');
  });
});
