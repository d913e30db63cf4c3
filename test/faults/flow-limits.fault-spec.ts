import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, jest } from '@jest/globals';
import { eventually, testedBackends } from '../harness/backends.js';
import type { Client } from '../harness/client.js';
import { EXECUTORS, flowFor, flowInputs, flowModulesForAll, notes, open, openFlowSite } from '../harness/flow-site.js';
import { OverlapMeter } from '../harness/overlap-meter.js';
import { Seed } from '../harness/seed.js';
import { clientOf, type Site } from '../harness/site.js';
import { useSites } from '../harness/sites.js';

jest.setTimeout(180_000);

const sites = useSites();
const seed = Seed.ofSuite();
let site: Site;

async function waitForPlaces(client: Client, jobs: readonly string[]): Promise<void> {
  await eventually(async () => {
    const states = await Promise.all(jobs.map(async (job) => (await client.status(job)).state.name));
    return states.every((name) => name === 'AwaitingConcurrencySlot') ? true : undefined;
  }, 'the others wait for the places');
}

describe.each(testedBackends())('24 slot leak, queue on %s', (backend) => {
  it('the holder of the only place for a job, or a task of either executor, is killed or dismissed: the next one gets it', async () => {
    // Room for all jobs at once.
    site = await openFlowSite(sites, { ...flowModulesForAll(), WORKER_CONCURRENCY: '9' }, backend);
    const { client, workers } = await site.nodes(1);
    const processes = ['single-job', ...EXECUTORS.map((executor) => flowFor(executor, 'single-task'))];
    const submit = () => Promise.all(processes.map((process) => client.submit(process, flowInputs(site, ['in']))));
    const firsts = await submit();
    for (const first of firsts) await site.noted(first, 'in');
    const waiting = [...(await submit()), ...(await submit())];
    await waitForPlaces(client, waiting);

    workers[0].kill('SIGKILL');
    await workers[0].exited();
    await site.worker();
    await open(site, 'in');
    for (const job of [...firsts, ...waiting]) expect(await client.ended(job)).toMatchObject({ status: 'successful' });
    for (const first of firsts) expect((await notes(site, first, /^in$/)).length).toBe(2);
    for (const job of waiting) expect((await notes(site, job, /^in$/)).length).toBe(1);

    const closed = flowInputs(site, ['in'], { gates: site.path('closed') });
    const holder = await client.submit('single-job', closed);
    await site.noted(holder, 'in');
    const next = await client.submit('single-job', flowInputs(site));
    await waitForPlaces(client, [next]);
    expect((await client.dismiss(holder)).status).toBe(200);
    expect(await client.ended(next)).toMatchObject({ status: 'successful' });
  });
});

describe('25 limit never exceeded', () => {
  it('never more than three jobs at once, nor tasks of either executor, whatever is killed', async () => {
    const settings = { ...flowModulesForAll(), WORKER_CONCURRENCY: '8', MAX_RECOVERIES: '100' };
    site = await openFlowSite(sites, settings);
    const processes = ['limited-jobs', ...EXECUTORS.map((executor) => flowFor(executor, 'limited-tasks'))];
    const meters = await Promise.all(processes.map(() => OverlapMeter.start(300)));
    try {
      const client = clientOf(await site.api({ ROLE: 'api' }));
      const workers = await Promise.all([1, 2, 3].map(() => site.worker()));
      // Of each process in turn, so that all are at work when something is killed.
      const rounds = Array.from({ length: 12 }, () =>
        processes.map((process, index) => ({ process, meter: meters[index] })),
      );
      const jobs = await Promise.all(
        rounds.flat().map(({ process, meter }) => client.submit(process, flowInputs(site, [], { port: meter.port }))),
      );
      let isOver = false;
      const nemesis = (async () => {
        for (let kill = 0; kill < 4 && !isOver; kill += 1) {
          await delay(seed.between(500, 2_000));
          const index = seed.between(0, workers.length - 1);
          workers[index].kill('SIGKILL');
          await workers[index].exited();
          workers[index] = await site.worker();
        }
      })();
      for (const job of jobs) expect(await client.ended(job, 120_000)).toMatchObject({ status: 'successful' });
      isOver = true;
      await nemesis;
      for (const { visits, most } of meters) {
        expect(visits).toBeGreaterThanOrEqual(rounds.length);
        expect(most).toBeLessThanOrEqual(3);
        // The limit was put to the test: without it there would be a crowd.
        expect(most).toBeGreaterThan(1);
      }
    } finally {
      await Promise.all(meters.map((meter) => meter.close()));
    }
  });
});
