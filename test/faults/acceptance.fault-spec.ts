import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Queue } from 'bullmq';
import { chooseBackendByConnection } from '../../src/queues/queue-backend.js';
import { JOB_QUEUE } from '../../src/queues/job-queue.js';
import { eventually, testedBackends } from '../harness/backends.js';
import type { Client } from '../harness/client.js';
import { useSharedSite } from '../harness/shared-site.js';
import { clientOf, type Site } from '../harness/site.js';
import { useSites } from '../harness/sites.js';

jest.setTimeout(120_000);

const sites = useSites();
let site: Site;

/** Every job of the site has come to its end, each successfully; every execution belongs to one of them. */
async function expectNothingLost(client: Client, accepted: readonly string[]): Promise<void> {
  const known = (await site.rows()).map(({ id }) => id);
  expect(known).toEqual(expect.arrayContaining([...accepted]));
  for (const job of known) expect(await client.ended(job)).toMatchObject({ status: 'successful' });
  const executed = new Set((await site.journalLines()).map(({ job }) => job));
  expect([...executed].sort()).toEqual([...known].sort());
}

/** Connections enough for held up inserts beside what else the service asks the table meanwhile. */
const ROOM = { DATABASE_POOL: '12' };

describe.each(testedBackends())('acceptance, queue on %s', (backend) => {
  const shared = useSharedSite(sites, backend);
  beforeAll(() => {
    site = shared.site;
  });

  it('14 double-dispatch: a job that is on the queue five times is executed once', async () => {
    const { client } = shared;
    await shared.staff(0);
    const gate = site.path('gate');
    const job = await client.submit('gate', { journal: site.journal, gate });
    const { queue, close } = openQueue();
    const completed = async () => (await queue.getJobCounts('completed')).completed;
    const before = await completed();
    const done = (more: number, what: string) =>
      eventually(async () => ((await completed()) === before + more ? true : undefined), what);
    try {
      for (let copy = 1; copy <= 4; copy += 1) await queue.add('job', { jobId: job }, { jobId: `${job}-copy-${copy}` });
      await shared.staff(2);
      await site.noted(job, 'start');
      await done(4, 'the four entries too many have been looked at while the job ran');
      await writeFile(gate, '');
      await client.ended(job);
      await done(5, 'all five entries are done with');
      await queue.add('job', { jobId: job }, { jobId: `${job}-late` });
      await done(6, 'an entry that came after the end is done with');
    } finally {
      await close();
    }
    const lines = (await site.journalLines()).filter((line) => line.job === job);
    expect(lines.map(({ what }) => what)).toEqual(['start', 'end']);
    expect((await site.history(job)).map(({ type }) => type)).toEqual(['accepted', 'started', 'successful']);
    expect(await client.status(job)).toMatchObject({ status: 'successful' });
  });

  it.each([
    ['wait for a worker', 'sleeper', { ROLE: 'api' }],
    ['begin where they are accepted', 'sleeper-inline', { ROLE: 'all' }],
  ])(
    '1 commit-or-nothing: the API is killed under a burst of jobs that %s; what was answered 201 is done, nothing else is run',
    async (_, processId, settings) => {
      await shared.staff(1);
      const accepted: string[] = [];
      for (let round = 0; round < 2; round += 1) {
        const api = await site.api(settings);
        const client = clientOf(api);
        const enough = accepted.length + 25;
        const submitUntilDeath = async () => {
          for (;;) accepted.push(await client.submit(processId, { journal: site.journal, ms: 0 }));
        };
        const clients = Array.from({ length: 8 }, () => submitUntilDeath().catch((error: Error) => error));
        await eventually(() => Promise.resolve(accepted.length >= enough || undefined), 'the burst is under way');
        api.kill('SIGKILL');
        await Promise.all(clients);
      }
      await expectNothingLost(shared.client, accepted);
    },
  );

  it('a job that began where it was accepted goes on elsewhere when its node is killed', async () => {
    await shared.staff(1);
    const api = await site.api();
    const client = clientOf(api);
    const job = await eventually(async () => {
      const { jobID, status } = await client.submitted('sleeper-inline', { journal: site.journal, ms: 15 });
      return status === 'running' ? jobID : undefined;
    }, 'a job begins where it was accepted');
    const stuck = await client.submitted('sleeper-inline', { journal: site.journal, ms: 3_000 });
    expect(stuck.status).toBe('running');
    await site.noted(stuck.jobID, 'start');
    api.kill('SIGKILL');
    const other = shared.client;
    expect(await other.ended(stuck.jobID)).toMatchObject({ status: 'successful' });
    expect((await site.history(stuck.jobID)).map(({ type }) => type)).toEqual([
      'accepted',
      'started',
      'crashed',
      'started',
      'successful',
    ]);
    expect(await other.ended(job)).toMatchObject({ status: 'successful' });
  });
});

describe('acceptance and the database', () => {
  const shared = useSharedSite(sites, 'postgres', ROOM);
  beforeAll(() => {
    site = shared.site;
  });

  it('1 commit-or-nothing: the API is killed while its inserts are held up; each job is there as a whole or not at all', async () => {
    await shared.staff(1);
    const api = await site.api({ ROLE: 'api' });
    const client = clientOf(api);
    const before = await client.submit('sleeper', { journal: site.journal, ms: 0 });
    await client.ended(before);
    const blocker = await blockInserts();
    const calls = [...alone(3), ...TOGETHER].map((headers) => submit(client, headers).catch((error: Error) => error));
    await untilBlocked(4);

    api.kill('SIGKILL');
    await Promise.all(calls);
    await blocker.release();

    await eventually(
      async () => ((await blocked()).length === 0 ? true : undefined),
      'the inserts have come to an end',
    );
    await expectNothingLost(shared.client, [before]);
    for (const { id } of await site.rows()) {
      expect((await site.history(id)).map(({ type }) => type)).toEqual(['accepted', 'started', 'successful']);
    }
  });

  it('1 commit-or-nothing: an insert that is rolled back leaves a 503, no job and no execution', async () => {
    const { client } = shared;
    await shared.staff(1);
    const before = await site.rows();
    const blocker = await blockInserts();
    const calls = [...alone(2), TOGETHER[0]].map((headers) => submit(client, headers));
    await untilBlocked(3);
    for (const { pid } of await blocked()) await site.query('SELECT pg_terminate_backend($1)', [pid]);

    const responses = await Promise.all(calls);
    await blocker.release();
    expect(responses.map(({ status }) => status)).toEqual([503, 503, 503]);
    const after = await client.submit('sleeper', { journal: site.journal, ms: 0 });
    await expectNothingLost(client, [after]);
    expect(await site.rows()).toHaveLength(before.length + 1);
  });
});

/** Requests with a key are inserted one by one, those without in groups: one on its way, and the next that gathers. */
const alone = (count: number) => Array.from({ length: count }, () => ({ 'idempotency-key': randomUUID() }));
const TOGETHER = [{}, {}, {}, {}];

const submit = (client: Client, headers: Record<string, string>) =>
  client.execute('sleeper', { inputs: { journal: site.journal, ms: 0 } }, { prefer: 'respond-async', ...headers });

/** Holds up every insert of a job until released. */
async function blockInserts(): Promise<{ release(): Promise<void> }> {
  const client = site.connection();
  await client.connect();
  await client.query('BEGIN');
  await client.query('LOCK TABLE job IN SHARE ROW EXCLUSIVE MODE');
  return { release: () => client.end() };
}

/** The sessions that wait to insert a job. */
function blocked(): Promise<{ pid: number }[]> {
  return site.query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity
     WHERE datname = current_database() AND state = 'active' AND query LIKE '%INSERT INTO job (%' AND pid <> pg_backend_pid()`,
  );
}

function untilBlocked(count: number): Promise<true> {
  return eventually(
    async () => ((await blocked()).length === count ? true : undefined),
    `${count} inserts are held up`,
  );
}

/** The work queue, as one more client of it. */
function openQueue(): { queue: Queue; close: () => Promise<void> } {
  chooseBackendByConnection();
  if (site.redis) {
    const queue = new Queue(JOB_QUEUE, { connection: { url: site.redis.url } });
    return { queue, close: () => queue.close() };
  }
  const pool = site.queuePool();
  const queue = new Queue(JOB_QUEUE, { connection: pool });
  return {
    queue,
    close: async () => {
      await queue.close();
      await pool.end();
    },
  };
}
