import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it, jest } from '@jest/globals';
import { counts, flowInputs, notes, open, openFlowSite } from '../harness/flow-site.js';
import type { Site } from '../harness/site.js';
import { useSites } from '../harness/sites.js';

jest.setTimeout(120_000);

const sites = useSites();
let site: Site;

/** Runs the flow up to the end of its first step, and makes its outputs fail: a file lies where their directory would. */
async function withoutStore(more: Record<string, unknown>) {
  site = await openFlowSite(sites);
  const { client } = await site.nodes(1);
  const job = await client.submit('storing', flowInputs(site, ['first'], more));
  await site.noted(job, 'first');
  const directory = join(site.dataDirectory, 'jobs', job, '1', 'outputs');
  await mkdir(dirname(directory), { recursive: true });
  await writeFile(directory, 'in the way');
  await open(site, 'first');
  await site.noted(job, 'store');
  return { client, job, directory };
}

describe('34 result store down, as seen by steps', () => {
  it('a step that writes an output is retried by its policy, and the job succeeds when the store is back', async () => {
    const { client, job, directory } = await withoutStore({ attempts: 100 });
    await site.noted(job, 'store', 3);
    await rm(directory);
    expect(await client.ended(job)).toMatchObject({ status: 'successful' });
    expect(await counts(site, job, /^first$/)).toEqual({ first: 1 });
    const file = await client.get(`/jobs/${job}/results/file`);
    expect(await file.text()).toBe('stored');
    expect((await site.history(job)).filter(({ type }) => type === 'task-retrying').length).toBeGreaterThanOrEqual(2);
  });

  it('when its attempts are used up the job fails with the reason, and what was done is not done again', async () => {
    const { client, job } = await withoutStore({ attempts: 3 });
    expect(await client.ended(job)).toMatchObject({
      status: 'failed',
      state: { name: 'Failed' },
      message: expect.stringMatching(/EEXIST|ENOTDIR/),
    });
    expect((await notes(site, job, /^store$/)).length).toBe(3);
    expect(await counts(site, job, /^first$/)).toEqual({ first: 1 });
    const checkpoint = await site.query(`SELECT state_type FROM task_run WHERE job_id = $1 AND key = 'first'`, [job]);
    expect(checkpoint).toEqual([{ state_type: 'COMPLETED' }]);

    const response = await client.fetch(`/jobs/${job}/retry`, { method: 'POST' });
    const { jobID: repeated } = (await response.json()) as { jobID: string };
    expect(await client.ended(repeated)).toMatchObject({ status: 'successful' });
    expect(await counts(site, repeated, /^first$/)).toEqual({});
  });
});
