import { describe, expect, it, jest } from '@jest/globals';
import { eventually, testedBackends } from '../harness/backends.js';
import type { Client } from '../harness/client.js';
import { counts, type Executor, flowInputs, flowModules, open, openFlowSite } from '../harness/flow-site.js';
import type { Site } from '../harness/site.js';
import { useSites } from '../harness/sites.js';

jest.setTimeout(180_000);

const sites = useSites();
let site: Site;

/** Runs every flow of the fixture to its end. @returns by process, what it gave and how often it came by its points */
async function runAll(client: Client): Promise<Record<string, unknown>> {
  await open(site, 'free');
  const inputs: Record<string, Record<string, unknown>> = {
    'five-steps': {},
    'five-inline-steps': {},
    'blocking-inline': {},
    overdue: {},
    tree: { depth: 2, width: 2 },
    wide: { count: 12 },
    dozing: { ms: 50 },
    trying: {},
    'asking-flow': {},
  };
  const all = Object.entries(inputs).map(async ([process, more]) => {
    // The slow task of `overdue` is never let through: it ends by its time limit.
    const job = await client.submit(process, flowInputs(site, ['slow'], more));
    if (process === 'asking-flow') await answer(client, job);
    const { status } = await client.ended(job);
    const results = await client.getJson<unknown>(`/jobs/${job}/results`);
    const said = Array.isArray(results) ? results.length : results;
    return [process, { status, said, points: await counts(site, job, /^(?!unblocked)/) }];
  });
  return Object.fromEntries(await Promise.all(all)) as Record<string, unknown>;
}

async function answer(client: Client, job: string): Promise<void> {
  await eventually(
    async () => ((await client.status(job)).state.name === 'Suspended' ? true : undefined),
    'the job waits for its answer',
  );
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ task: 'how-many', input: { n: 2 } });
  await client.fetch(`/jobs/${job}/resume`, { method: 'POST', headers, body });
}

const MODES: readonly (readonly [Executor, always: 'false' | 'true'])[] = [
  ['local', 'false'],
  ['local', 'true'],
  ['distributed', 'false'],
  ['distributed', 'true'],
];

describe.each(testedBackends())('20 always-suspend, queue on %s', (backend) => {
  it('every flow gives the same when its job is dispatched anew after each step, by either executor, and no step runs twice', async () => {
    const seen: unknown[] = [];
    for (const [executor, ALWAYS_SUSPEND] of MODES) {
      site = await openFlowSite(sites, { ...flowModules(executor), ALWAYS_SUSPEND }, backend);
      const { client } = await site.nodes(2);
      seen.push({ executor, ALWAYS_SUSPEND, ran: await runAll(client) });
      if (ALWAYS_SUSPEND === 'true') {
        const [job] = await site.query<{ id: string; epoch: number }>(
          `SELECT id, epoch FROM job WHERE process_id = 'five-steps'`,
        );
        expect(job.epoch).toBeGreaterThan(5);
      }
      await site.close();
    }
    const [{ ran }] = seen as [{ ran: unknown }];
    expect(seen).toEqual(MODES.map(([executor, ALWAYS_SUSPEND]) => ({ executor, ALWAYS_SUSPEND, ran })));
  });
});
