import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { eventually, testedBackends } from '../harness/backends.js';
import {
  closeAll,
  counts,
  type Executor,
  EXECUTORS,
  flowFor,
  flowInputs,
  flowModulesForAll,
  notes,
  open,
} from '../harness/flow-site.js';
import { endSession, JobLock } from '../harness/job-lock.js';
import { PostgresProxy } from '../harness/postgres-proxy.js';
import type { Service } from '../harness/service.js';
import { useSharedSite } from '../harness/shared-site.js';
import type { Site } from '../harness/site.js';
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

/** Waits until a flow whose task another worker has has given its own worker free. */
async function settled(executor: Executor, job: string): Promise<void> {
  if (executor === 'local') return;
  const look = async () => ((await site.row(job)).state_name === 'Suspended' ? true : undefined);
  await eventually(look, `job ${job} is suspended`);
}

describe.each(testedBackends())('killed workers of flows, queue on %s', (backend) => {
  const shared = useSharedSite(sites, backend, flowModulesForAll());
  beforeAll(() => {
    site = shared.site;
  });
  beforeEach(() => closeAll(site));

  it.each(EXECUTORS)(
    '3 kill-worker-mid-step, executor "%s": the steps that had ended are not run again, the job is done elsewhere',
    async (executor) => {
      const { client } = shared;
      const workers = await shared.staff(2);
      const job = await client.submit(flowFor(executor, 'five-steps'), flowInputs(site, ['step-3']));
      const lost = await site.noted(job, 'step-3');
      await settled(executor, job);

      (await site.holder(job, workers)).kill('SIGKILL');
      expect(await site.noted(job, 'step-3', 2)).not.toBe(lost);
      await open(site, 'step-3');

      expect(await client.ended(job)).toMatchObject({ status: 'successful' });
      expect(await counts(site, job, /^done-/)).toEqual(ONCE);
      expect(await counts(site, job, /^step-/)).toMatchObject({ 'step-1': 1, 'step-2': 1, 'step-3': 2 });
      expect(await client.getJson(`/jobs/${job}/results`)).toEqual(await lastDoneBy(job));
      expect(await site.recoveries(job)).toBe(1);
    },
  );
});

describe('killed workers of flows', () => {
  // Little memory, so that the flow that wants too much of it has soon come to the end of it.
  const shared = useSharedSite(sites, 'postgres', { ...flowModulesForAll(), EXECUTOR_MEMORY: '128MiB' });
  beforeAll(() => {
    site = shared.site;
  });
  beforeEach(() => closeAll(site));

  describe.each(EXECUTORS)('4 kill-at-checkpoint, executor "%s"', (executor) => {
    /** Stops the record of the end of step 3 in the middle. */
    async function atCheckpoint() {
      const { client } = shared;
      const workers = await shared.staff(2);
      const job = await client.submit(flowFor(executor, 'five-steps'), flowInputs(site, ['step-3']));
      await site.noted(job, 'step-3');
      await settled(executor, job);
      const worker = await site.holder(job, workers);
      const lock = await JobLock.on(site, job);
      await open(site, 'step-3');
      return { client, job, worker, lock, session: await lock.stops(site, END_OF_STEP[executor]) };
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
  });

  it.each(EXECUTORS)(
    '5 kill-after-last-step, executor "%s": before the end of the job is on record; no step is run again, the results are the same',
    async (executor) => {
      const { client } = shared;
      const workers = await shared.staff(2);
      const job = await client.submit(flowFor(executor, 'five-steps'), flowInputs(site, ['after-last']));
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
    },
  );

  it.each([['segfault'], ['memory']])(
    '16 an executor dies by %s: the job goes on in another executor, its worker lives',
    async (how) => {
      const { client } = shared;
      const workers = await shared.staff(1);
      const job = await client.submit('fatal', flowInputs(site, [], { how }));

      expect(await client.ended(job)).toMatchObject({ status: 'successful' });
      expect(await counts(site, job, /./)).toEqual({ 'step-1': 1, 'done-1': 1, fatal: 2 });
      expect(await site.row(job)).toMatchObject({ recoveries: 1 });
      expect(workers.map(({ running }) => running)).toEqual([true]);
    },
  );

  describe('4 a worker whose connections are cut', () => {
    let proxy: PostgresProxy;
    let worker: Service;
    beforeAll(async () => {
      await shared.staff(0);
      proxy = await PostgresProxy.before(site.databaseUrl!);
      worker = await site.worker({ DATABASE_URL: proxy.url });
    });
    afterAll(async () => {
      await worker.stop();
      await proxy.close();
    });

    it.each([
      ['the end of a step', 'local', 'step_end'],
      ['the end of a step', 'distributed', 'step_end_in_task'],
      ['the beginning of a step', 'local', 'step_start'],
      ['the beginning of a step', 'distributed', 'task_dispatch'],
      ['the end of the job', 'local', 'job_succeed_together'],
      ['the end of the job', 'distributed', 'job_succeed_together'],
    ] as const)('the answer about %s is lost, executor "%s": nothing is done twice', async (_, executor, statement) => {
      const { client } = shared;
      const job = await client.submit(flowFor(executor, 'five-steps'), flowInputs(site, ['step-3']));
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
    });
  });
});
