import { describe, expect, it, jest } from '@jest/globals';
import { eventually, testedBackends } from '../harness/backends.js';
import { counts, EXECUTORS, flowInputs, flowModules, notes, open, openFlowSite } from '../harness/flow-site.js';
import { endSession, JobLock } from '../harness/job-lock.js';
import { PostgresProxy } from '../harness/postgres-proxy.js';
import { clientOf, type Site } from '../harness/site.js';
import { useSites } from '../harness/sites.js';

jest.setTimeout(120_000);

const sites = useSites();
let site: Site;

/** Texts of the statements that end a step, and a job; PostgreSQL shows the first 1024 characters of a statement. */
const END_OF_STEP = { local: 'UPDATE task_run t SET state_type = $4', distributed: 'r.key = $13' };
const END_OF_JOB = `'COMPLETED', state_name = 'Completed'`;

const ONCE = { 'done-1': 1, 'done-2': 1, 'done-3': 1, 'done-4': 1, 'done-5': 1 };

/** What the flow returns: of each step the process that did it, as the flow has written it down at the last time. */
async function lastDoneBy(job: string): Promise<number[]> {
  const done = new Map((await notes(site, job, /^done-/)).map(({ what, pid }) => [what, pid]));
  return Object.keys(ONCE).map((what) => done.get(what)!);
}

describe.each(EXECUTORS)('tasks of the executor "%s"', (executor) => {
  /** Waits until a flow whose task another worker has has given its own worker free. */
  async function settled(job: string): Promise<void> {
    if (executor === 'local') return;
    const look = async () => ((await site.row(job)).state_name === 'Suspended' ? true : undefined);
    await eventually(look, `job ${job} is suspended`);
  }

  describe.each(testedBackends())('killed workers of flows, queue on %s', (backend) => {
    it('3 kill-worker-mid-step: the steps that had ended are not run again, the job is done elsewhere', async () => {
      site = await openFlowSite(sites, flowModules(executor), backend);
      const { client, workers } = await site.nodes(2);
      const job = await client.submit('five-steps', flowInputs(site, ['step-3']));
      const lost = await site.noted(job, 'step-3');
      await settled(job);

      (await site.holder(job, workers)).kill('SIGKILL');
      expect(await site.noted(job, 'step-3', 2)).not.toBe(lost);
      await open(site, 'step-3');

      expect(await client.ended(job)).toMatchObject({ status: 'successful' });
      expect(await counts(site, job, /^done-/)).toEqual(ONCE);
      expect(await counts(site, job, /^step-/)).toMatchObject({ 'step-1': 1, 'step-2': 1, 'step-3': 2 });
      expect(await client.getJson(`/jobs/${job}/results`)).toEqual(await lastDoneBy(job));
      expect(await site.recoveries(job)).toBe(1);
    });
  });

  describe('4 kill-at-checkpoint', () => {
    /** Stops the record of the end of step 3 in the middle. */
    async function atCheckpoint() {
      site = await openFlowSite(sites, flowModules(executor));
      const nodes = await site.nodes(2);
      const job = await nodes.client.submit('five-steps', flowInputs(site, ['step-3']));
      await site.noted(job, 'step-3');
      await settled(job);
      const worker = await site.holder(job, nodes.workers);
      const lock = await JobLock.on(site, job);
      await open(site, 'step-3');
      return { ...nodes, job, worker, lock, session: await lock.stops(site, END_OF_STEP[executor]) };
    }

    it('before the commit: the step is run again, those before it are not', async () => {
      const { client, job, worker, lock, session } = await atCheckpoint();
      worker.kill('SIGKILL');
      await worker.exited();
      await endSession(site, session);
      await lock.release();

      expect(await client.ended(job)).toMatchObject({ status: 'successful' });
      expect(await counts(site, job, /^done-/)).toEqual({ ...ONCE, 'done-3': 2 });
      expect(await client.getJson(`/jobs/${job}/results`)).toEqual(await lastDoneBy(job));
    });

    it('after the commit: the step is not run again', async () => {
      const { client, job, worker, lock } = await atCheckpoint();
      worker.kill('SIGKILL');
      await worker.exited();
      // Nobody hears the answer of the statement, which goes on and commits.
      await lock.release();

      expect(await client.ended(job)).toMatchObject({ status: 'successful' });
      expect(await counts(site, job, /^done-/)).toEqual(ONCE);
      expect(await client.getJson(`/jobs/${job}/results`)).toEqual(await lastDoneBy(job));
      // A task that has ended is done with, whatever becomes of its worker; a job is not.
      expect(await site.recoveries(job)).toBe(executor === 'local' ? 1 : 0);
    });

    it.each([
      ['the end of a step', executor === 'local' ? 'step_end' : 'step_end_in_task'],
      ['the beginning of a step', executor === 'local' ? 'step_start' : 'task_dispatch'],
      ['the end of the job', 'job_succeed_together'],
    ])('the answer about %s is lost with its connection: nothing is done twice', async (_, statement) => {
      site = await openFlowSite(sites, flowModules(executor));
      const proxy = await PostgresProxy.before(site.databaseUrl!);
      try {
        const [api] = await Promise.all([site.api({ ROLE: 'api' }), site.worker({ DATABASE_URL: proxy.url })]);
        const client = clientOf(api);
        const job = await client.submit('five-steps', flowInputs(site, ['step-3']));
        await site.noted(job, 'step-3');
        const lost = proxy.loseAnswer(statement);
        await open(site, 'step-3');
        await lost;

        expect(await client.ended(job)).toMatchObject({ status: 'successful' });
        expect(await counts(site, job, /^(step|done)-/)).toMatchObject({ ...ONCE, 'step-3': 1, 'step-4': 1 });
        expect(await client.getJson(`/jobs/${job}/results`)).toEqual(await lastDoneBy(job));
        expect(await site.recoveries(job)).toBe(0);
        const history = await site.history(job);
        expect(history.map(({ seq }) => seq)).toEqual(history.map((_event, index) => index + 1));
      } finally {
        await proxy.close();
      }
    });
  });

  describe('5 kill-after-last-step', () => {
    it('the worker is killed before the end of the job is on record: no step is run again, the results are the same', async () => {
      site = await openFlowSite(sites, flowModules(executor));
      const { client, workers } = await site.nodes(2);
      const job = await client.submit('five-steps', flowInputs(site, ['after-last']));
      await site.noted(job, 'after-last');
      const worker = await site.holder(job, workers);
      const expected = await lastDoneBy(job);
      const lock = await JobLock.on(site, job);
      await open(site, 'after-last');
      const session = await lock.stops(site, END_OF_JOB);

      worker.kill('SIGKILL');
      await worker.exited();
      await endSession(site, session);
      await lock.release();

      expect(await client.ended(job)).toMatchObject({ status: 'successful' });
      expect(await client.getJson(`/jobs/${job}/results`)).toEqual(expected);
      expect(await counts(site, job, /^(done-|after)/)).toEqual({ ...ONCE, 'after-last': 2 });
    });
  });
});

describe('16 executors that die', () => {
  it.each([['segfault'], ['memory']])('%s: the job goes on in another executor, its worker lives', async (how) => {
    site = await openFlowSite(sites, { EXECUTOR_MEMORY: '128MiB' });
    const { client, workers } = await site.nodes(1);
    const job = await client.submit('fatal', flowInputs(site, [], { how }));

    expect(await client.ended(job)).toMatchObject({ status: 'successful' });
    expect(await counts(site, job, /./)).toEqual({ 'step-1': 1, 'done-1': 1, fatal: 2 });
    expect(await site.row(job)).toMatchObject({ recoveries: 1 });
    expect(workers.map(({ running }) => running)).toEqual([true]);
  });
});
