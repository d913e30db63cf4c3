import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '../harness/backends.js';
import type { Client, JobStatus } from '../harness/client.js';
import { OwnService } from '../harness/own-service.js';
import { expectProblem, OWN_PROBLEM } from '../harness/problem.js';
import { Receiver } from '../harness/receiver.js';

jest.setTimeout(60_000);

const REL = 'https://sluice.dev/rel';

interface Status extends JobStatus {
  readonly waitingReason?: string;
  readonly links: readonly { rel: string; href: string }[];
}

const own = new OwnService('e2e-cache', {
  PROCESS_MODULES: resolve('test/fixtures/cache-processes.mjs'),
  ALLOW_PRIVATE_REFERENCES: 'true',
});
let client: Client;
let receiver: Receiver;

beforeAll(async () => {
  client = await own.start();
  receiver = await Receiver.start();
  await mkdir(own.path('gates'), { recursive: true });
}, 60_000);
afterAll(async () => {
  await receiver.down();
  await own.stop();
}, 60_000);

const inputsOf = (more: Record<string, unknown>) => ({
  journal: own.path('journal'),
  gates: own.path('gates'),
  ...more,
});
const open = (point: string) => writeFile(own.path(`gates/${point}`), '');
const status = (id: string) => client.getJson<Status>(`/jobs/${id}`);
const linkTo = ({ links }: Status, rel: string) => links.find((link) => link.rel === `${REL}/${rel}`)?.href;
/** How often the code of jobs has come to a point. */
const runs = async (what: string, jobs: readonly string[]) => {
  const lines = (await readFile(own.path('journal'), 'utf8').catch(() => '')).split('\n');
  return lines.filter((line) => jobs.some((job) => line.startsWith(`${what} ${job} `))).length;
};
const execute = async (process: string, inputs: object, headers: Record<string, string> = {}) => {
  const response = await client.execute(process, { inputs }, { prefer: 'respond-async', ...headers });
  expect(response.status).toBe(201);
  return (await response.json()) as Status;
};
const inState = (id: string, name: string) =>
  eventually(async () => {
    const job = await status(id);
    return job.state.name === name ? job : undefined;
  }, `job ${id} is ${name}`);

describe('A process with a cache', () => {
  it('answers an execution with the results of an earlier one, and says whose they are', async () => {
    const origin = await client.submit('cached-job', inputsOf({ n: 1 }));
    await client.ended(origin);
    const again = await execute('cached-job', inputsOf({ n: 1 }));
    expect(again).toMatchObject({
      status: 'successful',
      state: { type: 'COMPLETED', name: 'Cached' },
      message: `The results are those of the job ${origin}`,
    });
    expect(linkTo(again, 'cached-from')).toMatch(new RegExp(`/jobs/${origin}$`));
    expect(linkTo(await status(origin), 'cached-from')).toBeUndefined();
    const { events } = await client.getJson<{ events: { type: string; data?: unknown }[] }>(
      `/jobs/${again.jobID}/events?f=json`,
    );
    expect(events.map(({ type, data }) => [type, data])).toMatchObject([
      ['accepted', undefined],
      ['successful', { cachedFrom: origin }],
    ]);
    expect(await runs('compute', [origin, again.jobID])).toBe(1);

    const other = await execute('cached-job', inputsOf({ n: 2 }));
    await client.ended(other.jobID);
    expect(await runs('compute', [other.jobID])).toBe(1);
  });

  it('answers a synchronous execution in the same way', async () => {
    const body = { inputs: inputsOf({ n: 3 }), outputs: { n: {} } };
    const first = await client.execute('cached-job', body);
    expect(await first.json()).toBe(3);
    const second = await client.execute('cached-job', body);
    expect(await second.json()).toBe(3);
    const jobs = [first, second].map(
      ({ headers }) => /jobs\/([0-9a-f-]{36})>; rel="monitor"/.exec(headers.get('link')!)![1],
    );
    expect(await status(jobs[1])).toMatchObject({ state: { name: 'Cached' } });
    expect(await runs('compute', jobs)).toBe(1);
  });

  it('computes anew for a request with Cache-Control: no-cache, and uses that from then on', async () => {
    const inputs = inputsOf({ n: 4 });
    const origin = await client.submit('cached-job', inputs);
    await client.ended(origin);
    const refreshed = await execute('cached-job', inputs, { 'cache-control': 'no-cache' });
    expect(await client.ended(refreshed.jobID)).toMatchObject({ state: { name: 'Completed' } });
    expect(linkTo(await execute('cached-job', inputs), 'cached-from')).toMatch(new RegExp(`/jobs/${refreshed.jobID}$`));
  });

  it('keeps the files of a cached job when the origin is removed', async () => {
    const inputs = inputsOf({ n: 5 });
    const origin = await client.submit('cached-job', inputs);
    await client.ended(origin);
    const cached = await execute('cached-job', inputs);
    expect((await client.dismiss(origin)).status).toBe(200);
    const file = await client.get(`/jobs/${cached.jobID}/results/file`);
    expect(await file.text()).toBe('the file of 5');
    const anew = await execute('cached-job', inputs);
    expect(await client.ended(anew.jobID)).toMatchObject({ state: { name: 'Completed' } });
  });

  it('uses the key of its author', async () => {
    const first = await client.submit('cached-region', inputsOf({ region: 'north', label: 'one' }));
    await client.ended(first);
    const second = await execute('cached-region', inputsOf({ region: 'north', label: 'two' }));
    expect(await client.getJson(`/jobs/${second.jobID}/results`)).toBe('one');
    const south = await execute('cached-region', inputsOf({ region: 'south', label: 'two' }));
    await client.ended(south.jobID);
    expect(await client.getJson(`/jobs/${south.jobID}/results`)).toBe('two');
  });

  it('tells subscribers of a cached job, and answers a repetition by its idempotency key', async () => {
    const inputs = inputsOf({ n: 6 });
    await client.ended(await client.submit('cached-job', inputs));
    const body = { inputs, outputs: { n: {} }, subscriber: { successUri: receiver.url('/cached') } };
    await client.ended(await client.submit('cached-job', inputs));
    const headers = { prefer: 'respond-async', 'idempotency-key': 'cached-6' };
    // Asked for in another way, so it is computed once more; the second request is answered from its job.
    const ids = [];
    for (let n = 0; n < 2; n += 1) {
      const response = await client.execute('cached-job', body, headers);
      ids.push(((await response.json()) as Status).jobID);
    }
    expect(ids[1]).toBe(ids[0]);
    await client.ended(ids[0]);
    const next = await client.execute('cached-job', body, { prefer: 'respond-async' });
    expect(await next.json()).toMatchObject({ state: { name: 'Cached' } });
    await eventually(
      () => Promise.resolve(receiver.calls.filter(({ path }) => path === '/cached').length === 2 || undefined),
      'both jobs were told of',
    );
  });

  it('resumes a flow whose process has been computed before', async () => {
    const inputs = inputsOf({ n: 7 });
    const origin = await client.submit('cached-job', { holds: [], ...inputs });
    await client.ended(origin);
    const caller = await client.submit('cached-caller', { holds: [], ...inputs });
    expect(await client.ended(caller)).toMatchObject({ status: 'successful' });
    const child = linkTo(await status(caller), 'child-job')!
      .split('/')
      .at(-1)!;
    expect(linkTo(await status(child), 'cached-from')).toMatch(new RegExp(`/jobs/${origin}$`));
  });

  it('that starts itself with the same key fails, and says what to do', async () => {
    const job = await client.submit('self-caller', inputsOf({ name: 'x', depth: 1 }));
    expect(await client.ended(job)).toMatchObject({
      status: 'failed',
      message: expect.stringMatching(/computes this very result .* a key that tells the two apart/),
    });
  });
});

describe('A task with a cache', () => {
  it('is computed once by jobs that need it at once, also when it sleeps meanwhile', async () => {
    const jobs = await Promise.all(
      [1, 2, 3, 4].map(() => client.submit('cached-task', inputsOf({ n: 1, ms: 300, holds: ['compute'] }))),
    );
    await eventually(async () => ((await runs('compute', jobs)) > 0 ? true : undefined), 'one has begun');
    await eventually(async () => {
      const states = await Promise.all(jobs.map(async (job) => (await status(job)).state.name));
      return states.filter((name) => name === 'AwaitingConcurrencySlot').length === 3 || undefined;
    }, 'the others wait for it');
    await open('compute');
    for (const job of jobs) expect(await client.ended(job)).toMatchObject({ status: 'successful' });
    expect(await runs('computed', jobs)).toBe(1);
    const states = await Promise.all(
      jobs.map(async (job) => {
        const { tasks } = await client.getJson<{ tasks: { key: string; state: { name: string } }[] }>(
          `/jobs/${job}/tasks`,
        );
        return tasks.find(({ key }) => key === 'compute')!.state.name;
      }),
    );
    expect(states.sort()).toEqual(['Cached', 'Cached', 'Cached', 'Completed']);
  });
});

describe('A limit of jobs', () => {
  const held = (process: string, region: string) => client.submit(process, inputsOf({ region, holds: ['in'] }));

  it('with onLimit cancelNew dismisses what is too much, and says so', async () => {
    const first = await held('single-cancelNew', 'north');
    await eventually(async () => (await runs('in', [first])) || undefined, 'the first one runs');
    const second = await held('single-cancelNew', 'north');
    const refused = await client.execute('single-cancelNew', { inputs: inputsOf({ region: 'north', holds: ['in'] }) });
    const problem = await expectProblem(refused, 503, `${OWN_PROBLEM}/too-busy`);
    expect(problem).toMatchObject({ detail: 'No more than 1 job(s) of this kind may run at once, and so many do.' });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    const elsewhere = await held('single-cancelNew', 'south');
    expect(await client.ended(second)).toMatchObject({
      status: 'dismissed',
      message: 'No more than 1 job(s) of this kind may run at once, and so many do.',
    });
    await eventually(async () => (await runs('in', [elsewhere])) || undefined, 'another key has a limit of its own');
    await client.dismiss(elsewhere);
    expect((await client.dismiss(first)).status).toBe(200);
    expect(await runs('in', [second])).toBe(0);
    const next = await held('single-cancelNew', 'north');
    await eventually(async () => (await runs('in', [next])) || undefined, 'there is room again');
    await client.dismiss(next);
  });

  it('with onLimit cancelRunning makes room for the newest', async () => {
    const first = await held('single-cancelRunning', 'north');
    await eventually(async () => (await runs('in', [first])) || undefined, 'the first one runs');
    const second = await held('single-cancelRunning', 'north');
    expect(await client.ended(first)).toMatchObject({
      status: 'dismissed',
      message: expect.stringContaining(`make room for the newer job ${second}`),
    });
    await inState(second, 'Running');
    await open('in');
    expect(await client.ended(second)).toMatchObject({ status: 'successful' });
  });
});
