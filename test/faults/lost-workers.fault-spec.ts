import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually, testedBackends } from '../harness/backends.js';
import { useSharedSite } from '../harness/shared-site.js';
import { clientOf, type Site } from '../harness/site.js';
import { useSites } from '../harness/sites.js';

jest.setTimeout(120_000);

/** `SLSV` in ASCII: the advisory lock of the leading supervisor. */
const SUPERVISOR_LOCK = 0x534c5356;

const sites = useSites();
let site: Site;

/** A file for which the jobs of one test wait. */
const newGate = () => site.path(`gate-${randomUUID()}`);

/** The database session that leads, once there is one. */
function leader(): Promise<number> {
  const look = async () => {
    const [lock] = await site.query<{ pid: number }>(
      `SELECT l.pid FROM pg_locks l JOIN pg_database d ON d.oid = l.database
       WHERE l.locktype = 'advisory' AND l.granted AND l.objid = $1 AND d.datname = current_database()`,
      [SUPERVISOR_LOCK],
    );
    return lock?.pid;
  };
  return eventually(look, 'some supervisor leads');
}

describe.each(testedBackends())('lost workers, queue on %s', (backend) => {
  const shared = useSharedSite(sites, backend, { WORKER_CONCURRENCY: '1' });
  beforeAll(() => {
    site = shared.site;
  });

  it('3 kill-worker: a job whose worker is killed is done by another one, and its history has no gap', async () => {
    const { client } = shared;
    const workers = await shared.staff(2);
    const gate = newGate();
    const job = await client.submit('gate', { journal: site.journal, gate });
    const lostPid = await site.noted(job, 'start');

    (await site.holder(job, workers)).kill('SIGKILL');
    const secondPid = await site.noted(job, 'start', 2);
    await writeFile(gate, '');

    expect(await client.ended(job)).toMatchObject({ status: 'successful' });
    expect(await client.getJson(`/jobs/${job}/results`)).toBe(secondPid);
    const lines = (await site.journalLines()).filter((line) => line.job === job && line.what === 'start');
    expect(lines.map(({ pid }) => pid)).toEqual([lostPid, secondPid]);
    expect(await site.row(job)).toMatchObject({ recoveries: 1, epoch: 2 });
    expect((await site.history(job)).map(({ seq, type }) => [seq, type])).toEqual([
      [1, 'accepted'],
      [2, 'started'],
      [3, 'crashed'],
      [4, 'started'],
      [5, 'successful'],
    ]);
  });

  it('3 kill-worker: the only worker is killed, its successor finds the job and those that waited', async () => {
    const { client } = shared;
    const [worker] = await shared.staff(1);
    const gate = newGate();
    const jobs = [];
    for (let n = 0; n < 5; n += 1) jobs.push(await client.submit('gate', { journal: site.journal, gate }));
    await site.noted(jobs[0], 'start');

    worker.kill('SIGKILL');
    await worker.exited();
    await shared.staff(1);
    await writeFile(gate, '');

    for (const job of jobs) expect(await client.ended(job)).toMatchObject({ status: 'successful' });
    const rows = await Promise.all(jobs.map((job) => site.row(job)));
    expect(rows.map(({ recoveries }) => recoveries).sort()).toEqual([0, 0, 0, 0, 1]);
  });

  it('11 pause-worker: a worker that slept past its lease is fenced off, there is one result and it stays', async () => {
    const { client } = shared;
    const workers = await shared.staff(2);
    const gate = newGate();
    const job = await client.submit('gate', { journal: site.journal, gate });
    await site.noted(job, 'start');
    const sleeping = await site.holder(job, workers);

    sleeping.kill('SIGSTOP');
    const secondPid = await site.noted(job, 'start', 2);
    await writeFile(gate, '');
    // Both attempts come to an end; the first one has a result too, which its worker reads when it wakes.
    await site.noted(job, 'end', 2);
    expect(await client.ended(job)).toMatchObject({ status: 'successful' });
    const ended = await site.row(job);

    sleeping.kill('SIGCONT');
    const awake = workers.find((worker) => worker !== sleeping)!;
    await awake.stop();
    const next = await client.submit('noop-child', {});
    expect(await client.ended(next)).toMatchObject({ status: 'successful' });
    expect(await site.holder(next, workers)).toBe(sleeping);
    // Stopping waits for everything that the worker still had in hand.
    await sleeping.stop();

    expect(await site.row(job)).toEqual(ended);
    expect(await client.getJson(`/jobs/${job}/results`)).toBe(secondPid);
    const history = await site.history(job);
    expect(history.map(({ type }) => type)).toEqual(['accepted', 'started', 'crashed', 'started', 'successful']);
  });
});

describe('supervision', () => {
  it.each([
    ['killed', 'SIGKILL' as const],
    ['frozen', 'SIGSTOP' as const],
  ])(
    '26 supervisor-failover: the leading node is %s, another one leads and takes care of its jobs',
    async (_, signal) => {
      // A site of its own: every node may lead, the API too, and the first one does.
      site = await sites.open();
      const leading = await site.worker();
      const first = await leader();
      const gate = newGate();
      const client = clientOf(await site.api({ ROLE: 'api' }));
      const job = await client.submit('gate', { journal: site.journal, gate });
      await site.noted(job, 'start');
      await site.worker();

      leading.kill(signal);
      await site.noted(job, 'start', 2);
      await writeFile(gate, '');
      expect(await client.ended(job)).toMatchObject({ status: 'successful' });
      expect(await leader()).not.toBe(first);
    },
  );
});
