import { describe, expect, it, jest } from '@jest/globals';
import { eventually, testedBackends } from '../harness/backends.js';
import type { Client } from '../harness/client.js';
import {
  counts,
  EXECUTORS,
  flowFor,
  flowInputs,
  flowModulesForAll,
  IN_ONE_RUN,
  notes,
  open,
  openFlowSite,
} from '../harness/flow-site.js';
import { clientOf, type Site } from '../harness/site.js';
import { useSites } from '../harness/sites.js';

jest.setTimeout(120_000);

const sites = useSites();
let site: Site;

interface TaskPage {
  readonly tasks: readonly { readonly key: string; readonly state: { type: string; name: string } }[];
}

async function states(client: Client, job: string): Promise<Record<string, string>> {
  const { tasks } = await client.getJson<TaskPage & Record<string, unknown>>(`/jobs/${job}/tasks`);
  return Object.fromEntries(tasks.map(({ key, state }) => [key, `${state.type}/${state.name}`]));
}

/** Submits a job for either executor. */
function submit(client: Client, process: string, holds: readonly string[] = [], more = {}): Promise<string[]> {
  return Promise.all(EXECUTORS.map((one) => client.submit(flowFor(one, process), flowInputs(site, holds, more))));
}

function answer(client: Client, job: string, input: unknown): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ task: 'how-many', input });
  return client.fetch(`/jobs/${job}/resume`, { method: 'POST', headers, body });
}

describe('31 timeout', () => {
  it('a task that hears no signal is TimedOut at its limit, by either executor, and its late result is discarded', async () => {
    site = await openFlowSite(sites, { ...IN_ONE_RUN, ...flowModulesForAll(), WORKER_CONCURRENCY: '4' });
    const { client } = await site.nodes(1);
    const jobs = await submit(client, 'overdue', ['slow', 'last']);
    for (const job of jobs) {
      await site.noted(job, 'last');
      expect(await states(client, job)).toMatchObject({ slow: 'FAILED/TimedOut' });
      // The task has not ended yet: it does now, under the eyes of the flow that went on without it.
      expect(await notes(site, job, /^late$/)).toEqual([]);
    }
    await open(site, 'slow');
    for (const job of jobs) await site.noted(job, 'late');
    await open(site, 'last');

    for (const job of jobs) {
      expect(await client.ended(job)).toMatchObject({ status: 'successful' });
      expect(await states(client, job)).toEqual({ slow: 'FAILED/TimedOut', last: 'COMPLETED/Completed' });
      expect(await client.getJson(`/jobs/${job}/results`)).toMatch(/TaskFailedError|Timed/);
      const ends = (await site.history(job)).filter(
        ({ type, data }) => /^task-(c|f)/.test(type) && data?.task === 'slow',
      );
      expect(ends.map(({ type }) => type)).toEqual(['task-failed']);
    }
  });
});

/** Waits until all jobs are in a state at the same time. */
async function inState(jobs: readonly string[], state: string): Promise<void> {
  await eventually(async () => {
    const names = await Promise.all(jobs.map(async (job) => (await site.row(job)).state_name));
    return names.every((name) => name === state) ? true : undefined;
  }, `all jobs are ${state}`);
}

describe.each(testedBackends())('32 suspend and resume, either executor, queue on %s', (backend) => {
  it('a job that waits for an answer goes on after a restart of everything; an answer that does not fit is refused', async () => {
    site = await openFlowSite(sites, flowModulesForAll(), backend);
    const before = await site.nodes(1);
    const jobs = await submit(before.client, 'asking-flow');
    await inState(jobs, 'Suspended');
    for (const node of [before.api, ...before.workers]) node.kill('SIGKILL');
    for (const node of [before.api, ...before.workers]) await node.exited();
    await sites.postgres.crash();
    await site.redis?.down();
    await site.redis?.up();
    await sites.postgres.up();

    const { client } = await site.nodes(1);
    for (const job of jobs) {
      expect(await client.getJson(`/jobs/${job}`)).toMatchObject({
        status: 'running',
        state: { type: 'PAUSED', name: 'Suspended' },
        inputRequests: [{ task: 'how-many', message: 'How many more?' }],
      });
      for (const wrong of [{}, { n: 'two' }, 'two', null]) {
        const refused = await answer(client, job, wrong);
        expect(refused.status).toBe(400);
      }
      expect((await answer(client, job, { n: 2 })).status).toBe(200);
    }
    for (const job of jobs) {
      expect(await client.ended(job)).toMatchObject({ status: 'successful' });
      expect(await client.getJson(`/jobs/${job}/results`)).toBe(42);
      expect(await counts(site, job, /./)).toEqual({ first: 1, last: 1 });
      expect(await site.row(job)).toMatchObject({ recoveries: 0 });
    }
  });

  it('a job that sleeps is woken after its queue has lost everything', async () => {
    site = await openFlowSite(sites, flowModulesForAll(), backend);
    const { api, workers } = await site.nodes(1);
    const jobs = await submit(clientOf(api), 'dozing', ['step-1'], { ms: 5_000 });
    for (const job of jobs) await site.noted(job, 'step-1');
    // From here on they fall asleep together.
    await open(site, 'step-1');
    await inState(jobs, 'Sleeping');
    for (const node of [api, ...workers]) node.kill('SIGKILL');
    for (const node of [api, ...workers]) await node.exited();
    if (site.redis) {
      await site.redis.down();
      await site.redis.up();
    } else {
      await site.query('DELETE FROM bullmq.job');
    }
    const { client } = await site.nodes(1);
    for (const job of jobs) {
      expect(await client.ended(job)).toMatchObject({ status: 'successful' });
      expect(await counts(site, job, /^done-/)).toEqual({ 'done-1': 1, 'done-2': 1 });
    }
  });
});
