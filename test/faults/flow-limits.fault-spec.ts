import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, jest } from '@jest/globals';
import { eventually, testedBackends } from '../harness/backends.js';
import { flowInputs, flowModules, notes, open, openFlowSite } from '../harness/flow-site.js';
import { OverlapMeter } from '../harness/overlap-meter.js';
import { Seed } from '../harness/seed.js';
import { clientOf, type Site } from '../harness/site.js';
import { useSites } from '../harness/sites.js';

jest.setTimeout(180_000);

const sites = useSites();
const seed = Seed.ofSuite();
let site: Site;

describe.each(testedBackends())('24 slot leak, queue on %s', (backend) => {
  it.each([
    ['single-job', 'local'],
    ['single-task', 'local'],
    ['single-task', 'distributed'],
  ] as const)(
    '%s, executor %s: the holder of the only place is killed, the next one gets it',
    async (process, executor) => {
      site = await openFlowSite(sites, { ...flowModules(executor), WORKER_CONCURRENCY: '4' }, backend);
      const { client, workers } = await site.nodes(1);
      const first = await client.submit(process, flowInputs(site, ['in']));
      await site.noted(first, 'in');
      const waiting = await Promise.all([1, 2].map(() => client.submit(process, flowInputs(site, ['in']))));
      await eventually(async () => {
        const states = await Promise.all(waiting.map(async (job) => (await client.status(job)).state.name));
        return states.every((name) => name === 'AwaitingConcurrencySlot') ? true : undefined;
      }, 'the others wait for the place');

      workers[0].kill('SIGKILL');
      await workers[0].exited();
      await site.worker();
      await open(site, 'in');
      for (const job of [first, ...waiting]) expect(await client.ended(job)).toMatchObject({ status: 'successful' });
      expect((await notes(site, first, /^in$/)).length).toBe(2);
      for (const job of waiting) expect((await notes(site, job, /^in$/)).length).toBe(1);
    },
  );

  it('a place whose holder is dismissed is free at once', async () => {
    site = await openFlowSite(sites, {}, backend);
    const { client } = await site.nodes(1);
    const first = await client.submit('single-job', flowInputs(site, ['in']));
    await site.noted(first, 'in');
    const next = await client.submit('single-job', flowInputs(site, ['in']));
    expect((await client.dismiss(first)).status).toBe(200);
    await site.noted(next, 'in');
    await open(site, 'in');
    expect(await client.ended(next)).toMatchObject({ status: 'successful' });
  });
});

describe('25 limit never exceeded', () => {
  it.each([
    ['limited-jobs', 'local'],
    ['limited-tasks', 'local'],
    ['limited-tasks', 'distributed'],
  ] as const)('%s, executor %s: never more than three at once, whatever is killed', async (process, executor) => {
    site = await openFlowSite(sites, { ...flowModules(executor), WORKER_CONCURRENCY: '8', MAX_RECOVERIES: '100' });
    const meter = await OverlapMeter.start(300);
    try {
      const client = clientOf(await site.api({ ROLE: 'api' }));
      const workers = await Promise.all([1, 2, 3].map(() => site.worker()));
      const jobs = await Promise.all(
        Array.from({ length: 24 }, () => client.submit(process, flowInputs(site, [], { port: meter.port }))),
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
      expect(meter.visits).toBeGreaterThanOrEqual(jobs.length);
      expect(meter.most).toBeLessThanOrEqual(3);
      // The limit was put to the test: without it there would be a crowd.
      expect(meter.most).toBeGreaterThan(1);
    } finally {
      await meter.close();
    }
  });
});
