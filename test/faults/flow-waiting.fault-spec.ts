import { describe, expect, it, jest } from '@jest/globals';
import { eventually, testedBackends } from '../harness/backends.js';
import type { Client } from '../harness/client.js';
import {
  counts,
  EXECUTORS,
  type Executor,
  flowFor,
  flowInputs,
  flowModules,
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

function answer(client: Client, job: string, input: unknown): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ task: 'how-many', input });
  return client.fetch(`/jobs/${job}/resume`, { method: 'POST', headers, body });
}

describe('31 timeout', () => {
  it('a task that hears no signal is TimedOut at its limit, by either executor, and its late result is discarded', async () => {
    site = await openFlowSite(sites, { ...IN_ONE_RUN, ...flowModulesForAll(), WORKER_CONCURRENCY: '4' });
    const { client } = await site.nodes(1);
    const submit = (one: Executor) => client.submit(flowFor(one, 'overdue'), flowInputs(site, ['slow', 'last']));
    const jobs = await Promise.all(EXECUTORS.map(submit));
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

const VARIANTS = testedBackends().flatMap((backend) => EXECUTORS.map((executor) => [backend, executor] as const));

describe.each(VARIANTS)('32 suspend and resume, queue on %s, executor %s', (backend, executor) => {
  it('a job that waits for an answer goes on after a restart of everything; an answer that does not fit is refused', async () => {
    site = await openFlowSite(sites, flowModules(executor), backend);
    const before = await site.nodes(1);
    const job = await before.client.submit('asking-flow', flowInputs(site));
    await eventually(
      async () => ((await before.client.status(job)).state.name === 'Suspended' ? true : undefined),
      'the job waits for its answer',
    );
    for (const node of [before.api, ...before.workers]) node.kill('SIGKILL');
    for (const node of [before.api, ...before.workers]) await node.exited();
    await sites.postgres.crash();
    await site.redis?.down();
    await site.redis?.up();
    await sites.postgres.up();

    const { client } = await site.nodes(1);
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
    expect(await client.ended(job)).toMatchObject({ status: 'successful' });
    expect(await client.getJson(`/jobs/${job}/results`)).toBe(42);
    expect(await counts(site, job, /./)).toEqual({ first: 1, last: 1 });
    expect(await site.row(job)).toMatchObject({ recoveries: 0 });
  });

  it('a job that sleeps is woken after its queue has lost everything', async () => {
    site = await openFlowSite(sites, flowModules(executor), backend);
    const { api, workers } = await site.nodes(1);
    const job = await clientOf(api).submit('dozing', flowInputs(site, [], { ms: 2_000 }));
    await eventually(
      async () => ((await site.row(job)).state_name === 'Sleeping' ? true : undefined),
      'the job sleeps',
    );
    for (const node of [api, ...workers]) node.kill('SIGKILL');
    for (const node of [api, ...workers]) await node.exited();
    if (site.redis) {
      await site.redis.down();
      await site.redis.up();
    } else {
      await site.query('DELETE FROM bullmq.job');
    }
    const { client } = await site.nodes(1);
    expect(await client.ended(job)).toMatchObject({ status: 'successful' });
    expect(await counts(site, job, /^done-/)).toEqual({ 'done-1': 1, 'done-2': 1 });
  });
});
