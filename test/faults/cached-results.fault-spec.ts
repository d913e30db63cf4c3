import { mkdir } from 'node:fs/promises';
import { describe, expect, it, jest } from '@jest/globals';
import { eventually, testedBackends } from '../harness/backends.js';
import { EXECUTORS, type Executor, flowFor, flowInputs, flowModulesForAll, notes, open } from '../harness/flow-site.js';
import { clientOf, type Site } from '../harness/site.js';
import { useSites } from '../harness/sites.js';

jest.setTimeout(180_000);

const IDENTICAL = 8;

const sites = useSites();
let site: Site;

/** Two APIs and two workers. */
async function openCluster(backend?: Parameters<typeof sites.open>[0]) {
  site = await sites.open(backend, {
    ...flowModulesForAll('cache-processes.mjs'),
    WORKER_CONCURRENCY: '4',
  });
  await mkdir(site.path('gates'), { recursive: true });
  const [{ client, workers }, second] = await Promise.all([site.nodes(2), site.api({ ROLE: 'api' })]);
  return { clients: [client, clientOf(second)], workers };
}

/** What identical jobs have written down: the jobs that came to a point, in order. */
const comers = async (jobs: readonly string[], what: RegExp) =>
  (await Promise.all(jobs.map((job) => notes(site, job, what)))).flat().map(({ job }) => job);

const states = async (jobs: readonly string[]) => {
  const rows = await site.query<{ state_name: string; n: number }>(
    'SELECT state_name, count(*)::int AS n FROM job WHERE id = ANY($1) GROUP BY 1 ORDER BY 1',
    [jobs],
  );
  return Object.fromEntries(rows.map(({ state_name: name, n }) => [name, n]));
};

describe.each(testedBackends())('identical executions, queue on %s', (backend) => {
  it('are computed once by all nodes together, also when the worker that computes is killed', async () => {
    const { clients, workers } = await openCluster(backend);
    const inputs = flowInputs(site, ['compute'], { n: 1 });
    const jobs = await Promise.all(
      Array.from({ length: IDENTICAL }, (_, index) => clients[index % 2].submit('cached-job', inputs)),
    );
    const look = async () => (await comers(jobs, /^compute$/))[0];
    const computing = await eventually(look, 'one of them computes');
    await eventually(
      async () => ((await states(jobs)).AwaitingConcurrencySlot === IDENTICAL - 1 ? true : undefined),
      'the others wait for it',
    );

    const holder = await site.holder(computing, workers);
    holder.kill('SIGKILL');
    await holder.exited();
    await site.noted(computing, 'compute', 2);
    await open(site, 'compute');
    for (const job of jobs) expect(await clients[0].ended(job)).toMatchObject({ status: 'successful' });
    expect(await comers(jobs, /^compute$/)).toEqual([computing, computing]);
    expect(await states(jobs)).toEqual({ Cached: IDENTICAL - 1, Completed: 1 });
    expect(await site.query('SELECT FROM job WHERE cached_from = $1', [computing])).toHaveLength(IDENTICAL - 1);
  });
});

it('a task that many jobs need at once is computed once, by either executor, also when its worker is killed', async () => {
  const { clients, workers } = await openCluster();
  const inputs = flowInputs(site, ['compute'], { n: 1 });
  // The one that computes, among jobs that all need the same.
  const begin = async (executor: Executor) => {
    const process = flowFor(executor, 'cached-task');
    const jobs = await Promise.all(
      Array.from({ length: IDENTICAL }, (_, index) => clients[index % 2].submit(process, inputs)),
    );
    const look = async () => (await comers(jobs, /^compute$/))[0];
    return { jobs, computing: await eventually(look, 'one of them computes') };
  };
  const each = await Promise.all(EXECUTORS.map(begin));
  for (const { jobs } of each) {
    await eventually(
      async () => ((await states(jobs)).AwaitingConcurrencySlot === IDENTICAL - 1 ? true : undefined),
      'the others wait for it',
    );
  }
  for (const holder of new Set(await Promise.all(each.map(({ computing }) => site.holder(computing, workers))))) {
    holder.kill('SIGKILL');
    await holder.exited();
  }
  await site.worker();
  await open(site, 'compute');
  for (const { jobs, computing } of each) {
    for (const job of jobs) expect(await clients[0].ended(job)).toMatchObject({ status: 'successful' });
    expect(await comers(jobs, /^computed$/)).toEqual([computing]);
  }
});
