import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, jest } from '@jest/globals';
import { eventually } from '../harness/backends.js';
import { counts, EXECUTORS, flowInputs, IN_ONE_RUN, open, openFlowSite } from '../harness/flow-site.js';
import { clientOf, type Site } from '../harness/site.js';
import { useSites } from '../harness/sites.js';

jest.setTimeout(120_000);

const sites = useSites();
let site: Site;

/** Settings of a node that has one release of test/fixtures/rolling-processes.mjs. */
function release(query: Record<string, string>): Record<string, string> {
  const url = pathToFileURL(resolve('test/fixtures/rolling-processes.mjs'));
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return { PROCESS_MODULES: url.href };
}

const outputs = (version: string) => ({ version, fetchedBy: expect.any(Number) });

describe.each(EXECUTORS)('tasks of the executor "%s"', (executor) => {
  describe('18 rolling deploy', () => {
    it('jobs of version 1 wait when only version 2 is left, say for what over HTTP, and go on with their steps', async () => {
      site = await openFlowSite(sites, { SHUTDOWN_GRACE: '500ms' });
      const client = clientOf(await site.api({ ROLE: 'api', ...release({ executor, version: '1.4.0' }) }));
      const old = await site.worker(release({ executor, version: '1.4.0' }));
      const begun = await client.submit('rolling', flowInputs(site, ['middle']));
      await site.noted(begun, 'middle');

      const next = clientOf(await site.api({ ROLE: 'api', ...release({ executor, version: '2.0.0' }) }));
      await site.worker(release({ executor, version: '2.0.0' }));
      await old.stop();
      const waiting = await client.submit('rolling', flowInputs(site));
      for (const job of [begun, waiting]) {
        const told = await eventually(async () => {
          const { status, waitingReason } = await next.getJson<{ status: string; waitingReason?: string }>(
            `/jobs/${job}`,
          );
          return waitingReason?.includes('rolling@1') ? { status, waitingReason } : undefined;
        }, `job ${job} says that it waits for version 1`);
        expect(told).toEqual({ status: 'accepted', waitingReason: 'waits for a worker with rolling@1' });
      }
      const young = await next.submit('rolling', flowInputs(site));
      expect(await next.ended(young)).toMatchObject({ status: 'successful' });
      expect(await next.getJson(`/jobs/${young}/results`)).toEqual(outputs('2.0.0'));

      await open(site, 'middle');
      await site.worker(release({ executor, version: '1.5.0' }));
      for (const job of [begun, waiting]) {
        expect(await next.ended(job)).toMatchObject({ status: 'successful' });
        expect(await next.getJson(`/jobs/${job}/results`)).toEqual(outputs('1.5.0'));
      }
      expect(await counts(site, begun, /./)).toEqual({ fetch: 1, middle: 2, finish: 1 });
      expect(await site.row(begun)).toMatchObject({ recoveries: 0 });
    });

    it('a job that is under way ends on its version while the next one takes new jobs', async () => {
      site = await openFlowSite(sites, { ...IN_ONE_RUN, SHUTDOWN_GRACE: '60s' });
      const client = clientOf(await site.api({ ROLE: 'api', ...release({ executor, version: '0.3.1' }) }));
      const old = await site.worker(release({ executor, version: '0.3.1' }));
      const begun = await client.submit('rolling', flowInputs(site, ['finish']));
      await site.noted(begun, 'finish');
      // Below version 1 the second number is the one that counts.
      const next = clientOf(await site.api({ ROLE: 'api', ...release({ executor, version: '0.4.0' }) }));
      await site.worker(release({ executor, version: '0.4.0' }));
      const stopped = old.stop();
      await old.logged(/running job\(s\) have/);
      const young = await next.submit('rolling', flowInputs(site));
      expect(await next.ended(young)).toMatchObject({ status: 'successful' });
      await open(site, 'finish');
      await stopped;
      expect(await next.getJson(`/jobs/${begun}/results`)).toEqual(outputs('0.3.1'));
      expect(await next.getJson(`/jobs/${young}/results`)).toEqual(outputs('0.4.0'));
    });
  });

  describe('19 non-determinism', () => {
    /** A job is interrupted in its second step, and goes on with another release. */
    async function interrupted(changed: Record<string, string>) {
      site = await openFlowSite(sites);
      const client = clientOf(await site.api({ ROLE: 'api', ...release({ executor }) }));
      const worker = await site.worker(release({ executor }));
      const job = await client.submit('rolling', flowInputs(site, ['middle']));
      await site.noted(job, 'middle');
      worker.kill('SIGKILL');
      await worker.exited();
      await open(site, 'middle');
      await site.worker(release({ executor, ...changed }));
      return { client, job, ended: await client.ended(job) };
    }

    it.each([
      ['is called with other arguments', { variant: 'arguments' }, 'fetch'],
      ['is renamed', { variant: 'renamed' }, 'fetch'],
      ['is removed', { variant: 'removed' }, 'fetch'],
    ])('a step %s between crash and resume: the job fails and names the step', async (_, changed, step) => {
      const { client, job, ended } = await interrupted(changed);
      expect(ended).toMatchObject({ status: 'failed', state: { type: 'FAILED', name: 'NonDeterminism' } });
      expect(ended.message).toContain(`"${step}"`);
      const results = await client.get(`/jobs/${job}/results`);
      expect(results.status).toBe(500);
      expect(await results.json()).toMatchObject({ detail: expect.stringContaining(`"${step}"`) });
    });

    it('a step with onDrift: rerun is run again with the other arguments', async () => {
      const { client, job, ended } = await interrupted({ variant: 'arguments', onDrift: 'rerun' });
      expect(ended).toMatchObject({ status: 'successful' });
      expect(await counts(site, job, /fetch/)).toEqual({ fetch: 2 });
      expect(await client.getJson(`/jobs/${job}/results`)).toMatchObject({
        fetchedBy: await site.noted(job, 'fetch', 2),
      });
    });

    it('a step that is new after those that had ended is run', async () => {
      const { ended, job } = await interrupted({ variant: 'added' });
      expect(ended).toMatchObject({ status: 'successful' });
      expect(await counts(site, job, /./)).toEqual({ fetch: 1, middle: 2, added: 1, finish: 1 });
    });
  });
});
