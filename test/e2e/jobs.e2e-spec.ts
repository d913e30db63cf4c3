import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { eventually, RedisServer, testedBackends } from '../harness/backends.js';
import { Client, type JobStatus } from '../harness/client.js';
import { linkOf, type Page, pagesOf } from '../harness/pages.js';
import { expectProblem, OGC_PROBLEM, OWN_PROBLEM, pointersOf } from '../harness/problem.js';
import { Service } from '../harness/service.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

const REL = 'http://www.opengis.net/def/rel/ogc/1.0';
const UNKNOWN_IDS = ['00000000-0000-4000-8000-000000000000', '7', 'x'.repeat(300), '%F0%9F%A6%91', "'--"];

interface JobList extends Page {
  readonly jobs: readonly JobStatus[];
}

interface LogPage extends Page {
  readonly lines: readonly { time: string; level: string; message: string; data?: Record<string, unknown> }[];
}

type StatusDocument = JobStatus & Page & Record<string, unknown>;

jest.setTimeout(30_000);

describe.each(testedBackends())('Jobs, queue on %s', (backend) => {
  const directory = temporaryDirectory(`e2e-jobs-${backend}`);
  const journal = join(directory.path, 'journal');
  let redis: RedisServer | undefined;
  let service: Service;
  let client: Client;

  beforeAll(async () => {
    redis = backend === 'redis' ? await RedisServer.start() : undefined;
    service = await Service.start({
      ...(redis && { REDIS_URL: redis.url }),
      DATA_DIR: join(directory.path, 'data'),
      PROCESS_MODULES: resolve('test/fixtures/probe-processes.mjs'),
      // One job at a time, so that a second one waits; and little patience with code that does not stop.
      WORKER_CONCURRENCY: '1',
      CANCEL_GRACE: '500ms',
    });
    client = new Client(service.url());
  }, 60_000);
  afterAll(async () => {
    await service?.stop();
    await redis?.down();
    directory.remove();
  }, 60_000);

  const document = (jobId: string): Promise<StatusDocument> => client.getJson(`/jobs/${jobId}`);
  const noted = async (): Promise<string> => readFile(journal, 'utf8').catch(() => '');

  /** Waits until the probe has written this into the journal: its code has come that far. */
  const comesTo = (what: string) =>
    eventually(async () => (await noted()).includes(what) || undefined, `the journal says "${what}"`);

  /** Executes synchronously, expecting that it fails. */
  const fails = (id: string, inputs: object, status: number, type: string) =>
    client.execute(id, { inputs }).then((response) => expectProblem(response, status, type));

  describe('the list', () => {
    it('pages newest first, without loss or repetition while jobs are added (/rec/job-list/next-1 to next-3)', async () => {
      const created: string[] = [];
      for (let n = 0; n < 23; n += 1) {
        const response = await client.execute('noop', { inputs: {} });
        await response.text();
        created.push(/\/jobs\/([^>]+)>; rel="monitor"/.exec(response.headers.get('link')!)![1]);
      }
      const between = () => client.execute('noop', { inputs: {} }).then((response) => response.text());
      const pages = await pagesOf<JobList>(client, '/jobs?limit=4', { between });
      const ids = pages.flatMap(({ jobs }) => jobs.map(({ jobID }) => jobID));
      expect(ids.slice(0, 23)).toEqual(created.reverse());
      expect(new Set(ids).size).toBe(ids.length);
      expect(pages.every(({ jobs }) => jobs.length <= 4)).toBe(true);
      expect(pages.length).toBeGreaterThanOrEqual(6);
      const times = pages.flatMap(({ jobs }) => jobs.map((job) => (job as StatusDocument).created as string));
      expect(times).toEqual([...times].sort().reverse());
    });

    it('shows each job as its status document does (/req/job-list/job-list-success)', async () => {
      const { jobs } = await client.getJson<JobList>('/jobs?limit=1');
      expect(jobs[0]).toEqual(await document(jobs[0].jobID));
    });

    it.each(['limit=0', 'limit=-1', 'limit=1e3', 'cursor=x', 'cursor=WyIxIiwiMiJd'])('refuses ?%s', async (query) => {
      const response = await client.get(`/jobs?${query}`);
      await expectProblem(response, 400, `${OGC_PROBLEM}/invalid-query-parameter-value`);
    });
  });

  describe('the status document', () => {
    const COMMON = {
      type: 'process',
      processingEntityType: 'ogc-api-processes',
      created: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      updated: expect.any(String),
    };

    it('has the members of 1.0 and 2.0 and never null, from accepted to successful (/req/core/job-success)', async () => {
      const first = await client.submit('sleeper', { ms: 600_000, journal, token: 'status' });
      const second = await client.submit('chatty', { lines: 1 });
      await comesTo('start status');

      const accepted = await document(second);
      expect(accepted).toMatchObject({
        ...COMMON,
        jobID: second,
        id: second,
        processID: 'chatty',
        status: 'accepted',
        state: { type: 'SCHEDULED' },
        waitingReason: expect.any(String),
      });
      expect(accepted).not.toHaveProperty('started');
      const running = await document(first);
      expect(running).toMatchObject({
        ...COMMON,
        processID: 'sleeper',
        status: 'running',
        started: expect.any(String),
      });
      expect(running).not.toHaveProperty('finished');
      expect(running).not.toHaveProperty('waitingReason');

      await client.dismiss(first);
      await client.ended(second);
      const successful = await document(second);
      expect(successful).toMatchObject({ ...COMMON, status: 'successful', progress: 100, message: 'half way' });
      const times = ['created', 'started', 'finished', 'updated'].map((name) => successful[name] as string);
      expect(times).toEqual([...times].sort());
      for (const status of [accepted, running, successful]) expect(JSON.stringify(status)).not.toContain('null');
    });

    it('links monitor, logs, events and process, results only of a successful job, exceptions only of a failed one (/rec/core/job-links)', async () => {
      const good = await client.submit('chatty', { lines: 0 });
      const bad = await client.submit('chatty', { lines: 0, fail: 'on purpose' });
      await Promise.all([client.ended(good), client.ended(bad)]);
      const [successful, failed] = [await document(good), await document(bad)];
      expect(failed).toMatchObject({
        status: 'failed',
        message: 'on purpose',
        state: { type: 'FAILED', name: 'Failed' },
      });
      for (const job of [successful, failed]) {
        const url = `${client.base}/jobs/${job.jobID}`;
        expect([linkOf(job, 'self'), linkOf(job, 'monitor'), linkOf(job, `${REL}/log`), linkOf(job, 'up')]).toEqual([
          url,
          url,
          `${url}/logs`,
          `${client.base}/processes/chatty`,
        ]);
        expect(linkOf(job, 'https://sluice.dev/rel/events')).toBe(`${url}/events`);
      }
      expect([linkOf(successful, `${REL}/results`), linkOf(successful, `${REL}/exceptions`)]).toEqual([
        `${client.base}/jobs/${good}/results`,
        undefined,
      ]);
      expect([linkOf(failed, `${REL}/results`), linkOf(failed, `${REL}/exceptions`)]).toEqual([
        undefined,
        `${client.base}/jobs/${bad}/results`,
      ]);
    });

    it.each(UNKNOWN_IDS)(
      'of the unknown job %s is a problem everywhere (/req/core/job-exception-no-such-job)',
      async (id) => {
        for (const path of ['', '/results', '/results/done', '/logs']) {
          await expectProblem(await client.get(`/jobs/${id}${path}`), 404, `${OGC_PROBLEM}/no-such-job`);
        }
        await expectProblem(await client.dismiss(id), 404, `${OGC_PROBLEM}/no-such-job`);
      },
    );
  });

  it('of a process whose runs are short begin at once, those in executors wait for a worker', async () => {
    const { jobID } = await eventually(async () => {
      const job = await client.submitted('noop', {});
      await client.ended(job.jobID);
      return job.status === 'running' ? job : undefined;
    }, 'a job begins where it is accepted');
    const { created, started } = await document(jobID);
    expect(started).toBe(created);
    const other = await client.submitted('noop-child', {});
    expect(other.status).toBe('accepted');
    await client.ended(other.jobID);
  });

  describe('results', () => {
    it('are not ready while the job waits and runs (/req/core/job-results-exception/results-not-ready)', async () => {
      const first = await client.submit('sleeper', { ms: 600_000, journal, token: 'not-ready' });
      await comesTo('start not-ready');
      const second = await client.submit('noop', {});
      for (const id of [first, second]) {
        for (const path of ['/results', '/results/done']) {
          await expectProblem(await client.get(`/jobs/${id}${path}`), 404, `${OGC_PROBLEM}/result-not-ready`);
        }
      }
      await client.dismiss(first);
      await client.ended(second);
      expect((await client.get(`/jobs/${second}/results`)).status).toBe(200);
    });

    it.each([
      [
        'what a process throws',
        'chatty',
        { lines: 0, fail: 'the sea is dry' },
        500,
        `${OWN_PROBLEM}/process-failed`,
        [],
      ],
      [
        'a ProcessRejection',
        'chatty',
        { lines: 3, reject: 'too few' },
        400,
        `${OGC_PROBLEM}/InvalidParameterValue`,
        ['/inputs/lines'],
      ],
      ['an invalid output', 'liar', {}, 500, `${OWN_PROBLEM}/invalid-output`, ['/outputs/count', '/outputs/missing']],
    ])(
      'of %s are the same problem, synchronously and asynchronously (/req/core/job-results-failed)',
      async (...row) => {
        const [, id, inputs, status, type, pointers] = row;
        const sync = await fails(id, inputs, status, type);
        expect(pointersOf(sync)).toEqual(expect.arrayContaining(pointers));
        const jobId = await client.submit(id, inputs);
        expect((await client.ended(jobId)).status).toBe('failed');
        const async = await expectProblem(await client.get(`/jobs/${jobId}/results`), status, type);
        expect([async.detail, async.errors]).toEqual([sync.detail, sync.errors]);
        await expectProblem(await client.get(`/jobs/${jobId}/results/done`), ...wrongOutput(id, status, type));
      },
    );

    /** The single output of a failed job: `liar` has no output of that name. */
    function wrongOutput(id: string, status: number, type: string): [number, string] {
      return id === 'liar' ? [400, `${OGC_PROBLEM}/no-such-output`] : [status, type];
    }

    it('of a process that takes too long: TimedOut, also when its code ignores the signal', async () => {
      const jobId = await client.submit('busy', { ms: 600_000 });
      expect(await client.ended(jobId)).toMatchObject({
        status: 'failed',
        state: { type: 'FAILED', name: 'TimedOut' },
      });
      await expectProblem(await client.get(`/jobs/${jobId}/results`), 500, `${OWN_PROBLEM}/timed-out`);
      await fails('busy', { ms: 600_000 }, 500, `${OWN_PROBLEM}/timed-out`);
    });

    it('know the outputs of the process and those that were requested (/req/core/job-results-exception-no-such-output)', async () => {
      const inputs = { stringInput: 'a', arrayInput: [1] };
      const accepted = await client.execute(
        'echo',
        { inputs, outputs: { stringInput: {} } },
        { prefer: 'respond-async' },
      );
      const { jobID } = (await accepted.json()) as JobStatus;
      await client.ended(jobID);
      const get = (output: string) => client.get(`/jobs/${jobID}/results/${output}`);
      expect(await (await get('stringInput')).json()).toBe('a');
      await expectProblem(await get('nothing'), 400, `${OGC_PROBLEM}/no-such-output`);
      await expectProblem(await get('__proto__'), 400, `${OGC_PROBLEM}/no-such-output`);
      await expectProblem(await get('arrayInput'), 404, `${OGC_PROBLEM}/result-not-available`);
    });
  });

  describe('dismissal (/req/dismiss/job-dismiss-success)', () => {
    it('of a waiting job: it never starts', async () => {
      const first = await client.submit('sleeper', { ms: 600_000, journal, token: 'occupant' });
      const waiting = await client.submit('sleeper', { ms: 0, journal, token: 'never' });
      const after = await client.submit('sleeper', { ms: 0, journal, token: 'after' });
      await comesTo('start occupant');
      const response = await client.dismiss(waiting);
      expect([response.status, await response.json()]).toEqual([
        200,
        expect.objectContaining({ jobID: waiting, status: 'dismissed', type: 'process' }),
      ]);
      await client.dismiss(first);
      expect((await client.ended(after)).status).toBe('successful');
      expect(await noted()).not.toContain('never');
      expect((await client.status(waiting)).status).toBe('dismissed');
      await expectProblem(await client.get(`/jobs/${waiting}/results`), 404, `${OGC_PROBLEM}/result-not-available`);
    });

    it.each([
      ['stops when it is told to', false],
      ['does not stop by itself', true],
    ])('of a running job whose code %s: answered when the code has ended', async (_, stubborn) => {
      const token = `running-${stubborn}`;
      const id = await client.submit('sleeper', { ms: 600_000, journal, token, stubborn });
      await comesTo(`start ${token}`);
      const pid = Number(new RegExp(`start ${token} (\\d+)`).exec(await noted())![1]);
      const response = await client.dismiss(id);
      expect([response.status, await response.json()]).toEqual([
        200,
        expect.objectContaining({ status: 'dismissed', message: 'The job was dismissed' }),
      ]);
      if (stubborn) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
      expect(await document(id)).toMatchObject({
        status: 'dismissed',
        message: 'The job was dismissed',
        state: { type: 'CANCELLED' },
        finished: expect.any(String),
      });
      expect(await noted()).not.toContain(`end ${token}`);
      await expectProblem(await client.get(`/jobs/${id}/results`), 404, `${OGC_PROBLEM}/result-not-available`);
    });

    it.each([
      ['successful', {}],
      ['failed', { fail: 'on purpose' }],
    ])('of a %s job: it is removed with its results', async (status, inputs) => {
      const id = await client.submit('chatty', { lines: 1, ...inputs });
      expect((await client.ended(id)).status).toBe(status);
      const response = await client.dismiss(id);
      expect([response.status, await response.json()]).toEqual([
        200,
        expect.objectContaining({ jobID: id, status: 'dismissed', message: 'The job was removed with its outputs' }),
      ]);
      for (const path of ['', '/results', '/logs']) {
        await expectProblem(await client.get(`/jobs/${id}${path}`), 404, `${OGC_PROBLEM}/no-such-job`);
      }
      await expectProblem(await client.dismiss(id), 404, `${OGC_PROBLEM}/no-such-job`);
    });
  });

  describe('logs', () => {
    it('are complete once the job has ended, page by page in the order of writing', async () => {
      const id = await client.submit('chatty', { lines: 257 });
      await client.ended(id);
      const pages = await pagesOf<LogPage>(client, `/jobs/${id}/logs?limit=50`);
      expect(pages.map(({ lines }) => lines.length)).toEqual([50, 50, 50, 50, 50, 7]);
      const lines = pages.flatMap((page) => page.lines);
      expect(lines.map(({ message, data }) => [message, data])).toEqual(
        Array.from({ length: 257 }, (_, index) => [`line ${index + 1}`, { line: index + 1 }]),
      );
      const times = lines.map(({ time }) => Date.parse(time));
      expect(times).toEqual([...times].sort((one, other) => one - other));
    });

    it('of a failed job are complete too, and say why it failed', async () => {
      const id = await client.submit('chatty', { lines: 3, fail: 'the sea is dry' });
      await client.ended(id);
      const { lines } = await client.getJson<LogPage>(`/jobs/${id}/logs`);
      expect(lines.slice(0, 3).map(({ message }) => message)).toEqual(['line 1', 'line 2', 'line 3']);
      expect(lines.slice(3)).toEqual([
        expect.objectContaining({ level: 'error', message: expect.stringContaining('the sea is dry') }),
      ]);
    });

    it('are filtered by the least important level, also over pages', async () => {
      const id = await client.submit('levels', {});
      await client.ended(id);
      const levels = ['debug', 'info', 'warn', 'error'];
      for (const [index, level] of levels.entries()) {
        const pages = await pagesOf<LogPage>(client, `/jobs/${id}/logs?level=${level}&limit=1`);
        expect(pages.flatMap(({ lines }) => lines.map((line) => line.level))).toEqual(levels.slice(index));
      }
      const response = await client.get(`/jobs/${id}/logs?level=loud`);
      await expectProblem(response, 400, `${OGC_PROBLEM}/invalid-query-parameter-value`);
    });
  });
});
