import { describe, expect, it, jest } from '@jest/globals';
import { eventually } from '../harness/backends.js';
import {
  counts,
  EXECUTORS,
  fixture,
  flowFor,
  flowInputs,
  IN_ONE_RUN,
  open,
  openFlowSite,
} from '../harness/flow-site.js';
import type { Client } from '../harness/client.js';
import { clientOf, type Site } from '../harness/site.js';
import { useSites } from '../harness/sites.js';

jest.setTimeout(180_000);

const sites = useSites();
let site: Site;

/** One release of test/fixtures/rolling-processes.mjs for either executor. @param suffix comes after the id of the process */
function modules(query: Record<string, string>, suffix = ''): string[] {
  return EXECUTORS.map((executor) =>
    fixture('rolling-processes.mjs', { executor, suffix: flowFor(executor, suffix), ...query }),
  );
}

/** Settings of a node that has one release. */
function release(query: Record<string, string>): Record<string, string> {
  return { PROCESS_MODULES: modules(query).join(',') };
}

/** Submits a job for either executor. */
function submit(client: Client, holds: readonly string[] = [], process = 'rolling'): Promise<string[]> {
  return Promise.all(EXECUTORS.map((one) => client.submit(flowFor(one, process), flowInputs(site, holds))));
}

interface Waiting {
  readonly status: string;
  readonly processID: string;
  readonly waitingReason?: string;
}

const outputs = (version: string) => ({ version, fetchedBy: expect.any(Number) });

async function endsWith(client: Client, jobs: readonly string[], version: string): Promise<void> {
  for (const job of jobs) {
    expect(await client.ended(job)).toMatchObject({ status: 'successful' });
    expect(await client.getJson(`/jobs/${job}/results`)).toEqual(outputs(version));
  }
}

describe('18 rolling deploy, either executor', () => {
  it('jobs of version 1 wait when only version 2 is left, say for what over HTTP, and go on with their steps', async () => {
    site = await openFlowSite(sites, { SHUTDOWN_GRACE: '500ms' });
    const client = clientOf(await site.api({ ROLE: 'api', ...release({ version: '1.4.0' }) }));
    const old = await site.worker(release({ version: '1.4.0' }));
    const begun = await submit(client, ['middle']);
    for (const job of begun) await site.noted(job, 'middle');

    const next = clientOf(await site.api({ ROLE: 'api', ...release({ version: '2.0.0' }) }));
    await site.worker(release({ version: '2.0.0' }));
    await old.stop();
    const waiting = await submit(client);
    for (const job of [...begun, ...waiting]) {
      const told = await eventually(async () => {
        const { status, processID, waitingReason } = await next.getJson<Waiting>(`/jobs/${job}`);
        return waitingReason?.includes(`${processID}@1`) ? { status, processID, waitingReason } : undefined;
      }, `job ${job} says that it waits for version 1`);
      const waitingReason = `waits for a worker with ${told.processID}@1`;
      expect(told).toMatchObject({ status: 'accepted', waitingReason });
    }
    await endsWith(next, await submit(next), '2.0.0');

    await open(site, 'middle');
    await site.worker(release({ version: '1.5.0' }));
    await endsWith(next, [...begun, ...waiting], '1.5.0');
    for (const job of begun) {
      expect(await counts(site, job, /./)).toEqual({ fetch: 1, middle: 2, finish: 1 });
      expect(await site.row(job)).toMatchObject({ recoveries: 0 });
    }
  });

  it('a job that is under way ends on its version while the next one takes new jobs', async () => {
    site = await openFlowSite(sites, { ...IN_ONE_RUN, SHUTDOWN_GRACE: '60s' });
    const client = clientOf(await site.api({ ROLE: 'api', ...release({ version: '0.3.1' }) }));
    const old = await site.worker(release({ version: '0.3.1' }));
    const begun = await submit(client, ['finish']);
    for (const job of begun) await site.noted(job, 'finish');
    // Below version 1 the second number is the one that counts.
    const next = clientOf(await site.api({ ROLE: 'api', ...release({ version: '0.4.0' }) }));
    await site.worker(release({ version: '0.4.0' }));
    const stopped = old.stop();
    await old.logged(/running job\(s\) have/);
    await endsWith(next, await submit(next), '0.4.0');
    await open(site, 'finish');
    await stopped;
    for (const job of begun) expect(await next.getJson(`/jobs/${job}/results`)).toEqual(outputs('0.3.1'));
  });
});

describe('19 non-determinism, either executor', () => {
  /**
   * Jobs are interrupted in their second step, and go on with another release.
   * @param changes queries of that release; each name has a process of its own, and a job of it for either executor
   */
  async function interrupted<Change extends string>(changes: Record<Change, Record<string, string>>) {
    const names = Object.keys(changes) as Change[];
    // Room for all jobs at once.
    site = await openFlowSite(sites, { WORKER_CONCURRENCY: String(names.length * EXECUTORS.length) });
    const before = { PROCESS_MODULES: names.flatMap((name) => modules({}, `-${name}`)).join(',') };
    const client = clientOf(await site.api({ ROLE: 'api', ...before }));
    const worker = await site.worker(before);
    const submitted = names.map((name) => submit(client, ['middle'], `rolling-${name}`));
    const jobs = await Promise.all(submitted);
    for (const job of jobs.flat()) await site.noted(job, 'middle');
    worker.kill('SIGKILL');
    await worker.exited();
    await open(site, 'middle');
    await site.worker({ PROCESS_MODULES: names.flatMap((name) => modules(changes[name], `-${name}`)).join(',') });
    return {
      client,
      jobs: Object.fromEntries(names.map((name, index) => [name, jobs[index]])) as Record<Change, string[]>,
    };
  }

  it('a step that is called with other arguments, renamed or removed between crash and resume: the job fails and names the step', async () => {
    const { client, jobs } = await interrupted({
      arguments: { variant: 'arguments' },
      renamed: { variant: 'renamed' },
      removed: { variant: 'removed' },
    });
    for (const job of Object.values(jobs).flat()) {
      const ended = await client.ended(job);
      expect(ended).toMatchObject({ status: 'failed', state: { type: 'FAILED', name: 'NonDeterminism' } });
      expect(ended.message).toContain('"fetch"');
      const results = await client.get(`/jobs/${job}/results`);
      expect(results.status).toBe(500);
      expect(await results.json()).toMatchObject({ detail: expect.stringContaining('"fetch"') });
    }
  });

  it('a step with onDrift: rerun is run again with the other arguments, a step that is new after those that had ended is run', async () => {
    const { client, jobs } = await interrupted({
      rerun: { variant: 'arguments', onDrift: 'rerun' },
      added: { variant: 'added' },
    });
    for (const job of jobs.rerun) {
      expect(await client.ended(job)).toMatchObject({ status: 'successful' });
      expect(await counts(site, job, /fetch/)).toEqual({ fetch: 2 });
      const fetchedBy = await site.noted(job, 'fetch', 2);
      expect(await client.getJson(`/jobs/${job}/results`)).toMatchObject({ fetchedBy });
    }
    for (const job of jobs.added) {
      expect(await client.ended(job)).toMatchObject({ status: 'successful' });
      expect(await counts(site, job, /./)).toEqual({ fetch: 1, middle: 2, added: 1, finish: 1 });
    }
  });
});
