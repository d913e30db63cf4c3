import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, jest } from '@jest/globals';
import {
  counts,
  EXECUTORS,
  type Executor,
  flowFor,
  flowInputs,
  flowModulesForAll,
  notes,
  open,
  openFlowSite,
} from '../harness/flow-site.js';
import type { Site } from '../harness/site.js';
import { useSites } from '../harness/sites.js';

jest.setTimeout(120_000);

const sites = useSites();
let site: Site;

/** Runs flows of either executor up to the end of their first step, and puts a file where the directory of all results is. */
async function withoutStore(patient: boolean) {
  site = await openFlowSite(sites, { ...flowModulesForAll(), WORKER_CONCURRENCY: '4' });
  const { client } = await site.nodes(1);
  const submit = (one: Executor) => client.submit(flowFor(one, 'storing'), flowInputs(site, ['first'], { patient }));
  const jobs = await Promise.all(EXECUTORS.map(submit));
  for (const job of jobs) await site.noted(job, 'first');
  const [store, away] = [join(site.dataDirectory, 'jobs'), join(site.dataDirectory, 'jobs-away')];
  await mkdir(store, { recursive: true });
  await rename(store, away);
  await writeFile(store, 'in the way');
  await open(site, 'first');
  for (const job of jobs) await site.noted(job, 'store');
  const bringBack = async () => {
    await rm(store);
    await rename(away, store);
  };
  return { client, jobs, bringBack };
}

describe('34 result store down, as seen by steps of either executor', () => {
  it('a step that writes an output is retried by its policy, and the job succeeds when the store is back', async () => {
    const { client, jobs, bringBack } = await withoutStore(true);
    for (const job of jobs) await site.noted(job, 'store', 3);
    await bringBack();
    for (const job of jobs) {
      expect(await client.ended(job)).toMatchObject({ status: 'successful' });
      expect(await counts(site, job, /^first$/)).toEqual({ first: 1 });
      const file = await client.get(`/jobs/${job}/results/file`);
      expect(await file.text()).toBe('stored');
      const retries = (await site.history(job)).filter(({ type }) => type === 'task-retrying');
      expect(retries.length).toBeGreaterThanOrEqual(2);
    }
  });

  it('when its attempts are used up the job fails with the reason, and what was done is not done again', async () => {
    const { client, jobs, bringBack } = await withoutStore(false);
    for (const job of jobs) {
      expect(await client.ended(job)).toMatchObject({
        status: 'failed',
        state: { name: 'Failed' },
        message: expect.stringMatching(/EEXIST|ENOTDIR/),
      });
      expect((await notes(site, job, /^store$/)).length).toBe(3);
      expect(await counts(site, job, /^first$/)).toEqual({ first: 1 });
      const checkpoint = await site.query(`SELECT state_type FROM task_run WHERE job_id = $1 AND key = 'first'`, [job]);
      expect(checkpoint).toEqual([{ state_type: 'COMPLETED' }]);
    }
    await bringBack();
    for (const job of jobs) {
      const response = await client.fetch(`/jobs/${job}/retry`, { method: 'POST' });
      const { jobID: repeated } = (await response.json()) as { jobID: string };
      expect(await client.ended(repeated)).toMatchObject({ status: 'successful' });
      expect(await counts(site, repeated, /^first$/)).toEqual({});
    }
  });
});
