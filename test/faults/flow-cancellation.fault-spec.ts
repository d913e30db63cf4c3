import { describe, expect, it, jest } from '@jest/globals';
import { eventually } from '../harness/backends.js';
import {
  EXECUTORS,
  type Executor,
  flowFor,
  flowInputs,
  flowModulesForAll,
  notes,
  open,
  openFlowSite,
} from '../harness/flow-site.js';
import { PostgresProxy } from '../harness/postgres-proxy.js';
import { clientOf, type Site } from '../harness/site.js';
import { useSites } from '../harness/sites.js';

jest.setTimeout(120_000);

const sites = useSites();
let site: Site;

describe('22 cancel-tree', () => {
  it('a job with three levels of jobs below it is dismissed with all of them, and their workers are free', async () => {
    site = await openFlowSite(sites, { WORKER_CONCURRENCY: '2' });
    const { client } = await site.nodes(2);
    const bystander = await client.submit('tree', flowInputs(site, ['leaf'], { depth: 0, width: 1 }));
    await site.noted(bystander, 'leaf');
    const root = await client.submit('tree', flowInputs(site, ['leaf'], { depth: 3, width: 2 }));
    // Up to eight leaves and three free places: some run, some wait, and everything above them is suspended. Branches that
    // come late find no place to grow.
    await eventually(async () => {
      const atWork = (await site.journalLines()).filter(({ what }) => what === 'leaf');
      return atWork.length === 4 ? true : undefined;
    }, 'the tree has grown');
    expect(await client.status(root)).toMatchObject({ status: 'running', state: { name: 'Suspended' } });

    const dismissed = await client.dismiss(root);
    expect(dismissed.status).toBe(200);
    await eventually(
      async () =>
        (await site.rows()).every(({ id, state_type: type }) => id === bystander || type === 'CANCELLED')
          ? true
          : undefined,
      'every job of the tree is dismissed',
    );
    const leaves = (await site.journalLines()).length;
    const next = await Promise.all([1, 2, 3].map(() => client.submit('five-steps', flowInputs(site))));
    for (const job of next) expect(await client.ended(job)).toMatchObject({ status: 'successful' });
    expect((await site.journalLines()).filter(({ what }) => what === 'leaf').length).toBe(Math.min(leaves, 4));

    await open(site, 'leaf');
    expect(await client.ended(bystander)).toMatchObject({ status: 'successful' });
    for (const { id, state_type: type } of await site.rows()) {
      if (type !== 'CANCELLED') continue;
      const ends = (await site.history(id)).filter(
        (event) => event.type === 'dismissed' || event.type === 'successful',
      );
      expect(ends.map((event) => event.type)).toEqual(['dismissed']);
    }
  });

  it('a branch that is dismissed alone fails the step that waits for it', async () => {
    site = await openFlowSite(sites);
    const { client } = await site.nodes(1);
    const root = await client.submit('tree', flowInputs(site, ['leaf'], { depth: 1, width: 1 }));
    const leaf = await eventually(
      async () => (await site.journalLines()).find(({ what }) => what === 'leaf')?.job,
      'the leaf runs',
    );
    expect((await client.dismiss(leaf)).status).toBe(200);
    const ended = await client.ended(root);
    expect(ended).toMatchObject({ status: 'failed' });
    expect(ended.message).toMatch(/dismissed/);
  });
});

describe('23 lost cancel notice, either executor', () => {
  it('a worker that hears no notification stops its jobs when it renews its leases', async () => {
    // Room for a job and its task with either executor.
    const settings = { ...flowModulesForAll(), WORKER_CONCURRENCY: '4', CANCEL_GRACE: '20s', LEASE: '6s' };
    site = await openFlowSite(sites, settings);
    const proxy = await PostgresProxy.before(site.databaseUrl!);
    try {
      const client = clientOf(await site.api({ ROLE: 'api' }));
      const worker = await site.worker({ DATABASE_URL: proxy.url });
      proxy.notifies = false;
      const submit = (one: Executor) => client.submit(flowFor(one, 'five-steps'), flowInputs(site, ['step-2']));
      const jobs = await Promise.all(EXECUTORS.map(submit));
      for (const job of jobs) await site.noted(job, 'step-2');

      const answers = await Promise.all(jobs.map((job) => client.dismiss(job)));
      for (const dismissed of answers) {
        expect(dismissed.status).toBe(200);
        expect(await dismissed.json()).toMatchObject({ status: 'dismissed' });
      }
      for (const job of jobs) {
        // The worker said so itself, nobody has given it up.
        const end = (await site.history(job)).at(-1);
        expect(end).toMatchObject({ type: 'dismissed' });
        expect(end?.data?.forced).toBeUndefined();
      }
      for (const job of jobs) {
        // The code of a task that has a worker of its own may take longer than its job, which waits for nobody.
        const atWork = 'SELECT 1 FROM task_run WHERE job_id = $1 AND lease_until IS NOT NULL';
        await eventually(
          async () => ((await site.query(atWork, [job])).length === 0 ? true : undefined),
          'the task ends',
        );
      }
      await open(site, 'step-2');
      expect(await client.ended(await client.submit('noop-child', {}))).toMatchObject({ status: 'successful' });
      for (const job of jobs) expect(await notes(site, job, /^(done-2|step-3)$/)).toEqual([]);
      expect(worker.running).toBe(true);
    } finally {
      await proxy.close();
    }
  });
});
