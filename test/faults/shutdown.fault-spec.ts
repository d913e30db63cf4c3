import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually, testedBackends } from '../harness/backends.js';
import { childrenOf, runs } from '../harness/processes.js';
import { useSharedSite } from '../harness/shared-site.js';
import { clientOf, type JobRow, type Site } from '../harness/site.js';
import { useSites } from '../harness/sites.js';

jest.setTimeout(120_000);

const sites = useSites();
let site: Site;

/** A file for which the jobs of one test wait. */
const newGate = () => site.path(`gate-${randomUUID()}`);

/** The job of the request that is under way. */
function current(): Promise<JobRow> {
  const look = async () => (await site.query<JobRow>('SELECT * FROM job WHERE finished_at IS NULL'))[0];
  return eventually(look, 'the job is on record');
}

const HASTY = { SHUTDOWN_GRACE: '500ms', CANCEL_GRACE: '500ms' };
const PATIENT = { SHUTDOWN_GRACE: '60s' };

describe.each(testedBackends())('shutdown, queue on %s', (backend) => {
  const shared = useSharedSite(sites, backend, HASTY);
  beforeAll(() => {
    site = shared.site;
  });

  it('17 sigterm-drain: jobs longer than the grace time, one of which ignores the signal, are handed over and done elsewhere, not failed', async () => {
    const { client } = shared;
    const [leaving] = await shared.staff(1);
    const gate = newGate();
    const submit = (stubborn: boolean) => client.submit('gate', { journal: site.journal, gate, stubborn });
    const jobs = [await submit(false), await submit(true)];
    const pids = [await site.noted(jobs[0], 'start'), await site.noted(jobs[1], 'start')];

    leaving.kill('SIGTERM');
    expect(await leaving.exited()).toBe(0);
    for (const pid of pids) expect(await runs(pid)).toBe(false);
    for (const job of jobs) expect(await client.status(job)).toMatchObject({ status: 'accepted' });
    await shared.staff(1);
    for (const job of jobs) await site.noted(job, 'start', 2);
    await writeFile(gate, '');

    for (const job of jobs) {
      expect(await client.ended(job)).toMatchObject({ status: 'successful' });
      expect(await site.row(job)).toMatchObject({ recoveries: 0 });
      const history = await site.history(job);
      expect(history.map(({ type }) => type)).toEqual(['accepted', 'started', 'handed-back', 'started', 'successful']);
    }
  });
});

describe('shutdown', () => {
  const shared = useSharedSite(sites, 'postgres', HASTY);
  beforeAll(() => {
    site = shared.site;
  });

  it('17 sigterm-drain: a job that ends within the grace time ends where it began', async () => {
    const { client } = shared;
    await shared.staff(0);
    const leaving = await site.worker({ ...PATIENT, WORKER_CONCURRENCY: '1' });
    const gate = newGate();
    const job = await client.submit('gate', { journal: site.journal, gate });
    const waiting = await client.submit('gate', { journal: site.journal, gate });
    const pid = await site.noted(job, 'start');

    leaving.kill('SIGTERM');
    await leaving.logged(/running job\(s\) have/);
    await writeFile(gate, '');
    expect(await leaving.exited()).toBe(0);
    expect(await client.status(job)).toMatchObject({ status: 'successful' });
    expect(await client.getJson(`/jobs/${job}/results`)).toBe(pid);
    expect((await site.history(job)).map(({ type }) => type)).toEqual(['accepted', 'started', 'successful']);
    // What it had not begun waits for another worker.
    expect(await client.status(waiting)).toMatchObject({ status: 'accepted' });
    await shared.staff(1);
    expect(await client.ended(waiting)).toMatchObject({ status: 'successful' });
  });

  it('17 sigterm-drain: a stopped API without a worker answers a synchronous client with the job', async () => {
    const [api] = await Promise.all([site.api({ ROLE: 'api' }), shared.staff(1)]);
    const gate = newGate();
    const answer = clientOf(api).execute('gate', { inputs: { journal: site.journal, gate } });
    const row = await current();
    await site.noted(row.id, 'start');

    api.kill('SIGTERM');
    const response = await answer;
    expect(response.status).toBe(201);
    expect(await response.json()).toMatchObject({ jobID: row.id, status: 'running' });
    expect(await api.exited()).toBe(0);
    await writeFile(gate, '');
    expect(await shared.client.ended(row.id)).toMatchObject({ status: 'successful' });
  });

  it('17 sigterm-drain: a client whose job ends within the grace time gets its results', async () => {
    const [api] = await Promise.all([site.api({ ROLE: 'api', ...PATIENT }), shared.staff(1)]);
    const gate = newGate();
    const answer = clientOf(api).execute('gate', { inputs: { journal: site.journal, gate } });
    const row = await current();
    const pid = await site.noted(row.id, 'start');

    api.kill('SIGTERM');
    await api.logged(/SIGTERM: stopping/);
    await writeFile(gate, '');
    const response = await answer;
    expect(response.status).toBe(200);
    expect(await response.json()).toBe(pid);
    expect(await api.exited()).toBe(0);
  });

  it('17 sigterm-drain: a client that waits for a queued job is answered with the job, the stop does not wait', async () => {
    await shared.staff(0);
    const leaving = await site.api();
    const inputs = { journal: site.journal, gate: newGate() };
    const answer = clientOf(leaving).execute('gate', { inputs }, { prefer: 'respond-async, wait=600' });
    const row = await current();
    await site.noted(row.id, 'start');

    leaving.kill('SIGTERM');
    const response = await answer;
    expect(response.status).toBe(201);
    expect(await response.json()).toMatchObject({ jobID: row.id });
    expect(await leaving.exited()).toBe(0);
    expect(await site.row(row.id)).toMatchObject({ state_type: 'SCHEDULED', recoveries: 0 });
  });

  it('17 sigterm-drain: an execution without a job has the grace time, is stopped then, and its client may try again', async () => {
    await shared.staff(0);
    const leaving = await site.api({ SHUTDOWN_GRACE: '1s' });
    const [journal, quick] = [site.path(`journal-${randomUUID()}`), newGate()];
    const execute = (id: string, gate: string) => clientOf(leaving).execute(id, { inputs: { journal, gate } });
    const gates = { 'bare-gate': newGate(), 'bare-inline-gate': newGate() };
    const stopped = Object.entries(gates).map(([id, gate]) => execute(id, gate));
    const ended = execute('bare-inline-gate', quick);
    await eventually(async () => {
      const text = await readFile(journal, 'utf8').catch(() => '');
      return text.split('start').length > 3 ? true : undefined;
    }, 'all three have begun');

    leaving.kill('SIGTERM');
    await leaving.logged(/SIGTERM: stopping/);
    await writeFile(quick, '');
    expect((await ended).status).toBe(200);
    for (const response of await Promise.all(stopped)) {
      expect(response.status).toBe(503);
      expect(response.headers.get('retry-after')).toBe('5');
      expect(await response.json()).toMatchObject({ title: expect.any(String), status: 503 });
    }
    expect(await leaving.exited()).toBe(0);
  });

  it('17 sigterm-drain: an API that is stopped lets the job of a waiting client go on elsewhere', async () => {
    await shared.staff(0);
    const leaving = await site.api();
    const gate = newGate();
    const answer = clientOf(leaving).execute('gate', { inputs: { journal: site.journal, gate } });
    const row = await current();
    await site.noted(row.id, 'start');

    leaving.kill('SIGTERM');
    const response = await answer;
    expect(response.status).toBe(201);
    expect(await response.json()).toMatchObject({ jobID: row.id });
    expect(await leaving.exited()).toBe(0);
    await writeFile(gate, '');
    await shared.staff(1);
    expect(await shared.client.ended(row.id)).toMatchObject({ status: 'successful' });
  });
});

const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux('executors of a killed service (needs Linux: reads /proc)', () => {
  it('no executor outlives its service, not even one in a busy loop', async () => {
    site = await sites.open('postgres', { EXECUTOR_WARM: '2' });
    const service = await site.api();
    const client = clientOf(service);
    const spinning = await client.submit('spin', { journal: site.journal });
    const gated = await client.submit('gate', { journal: site.journal, gate: site.path('gate') });
    const busy = [await site.noted(spinning, 'start'), await site.noted(gated, 'start')];
    const executors = await eventually(async () => {
      const children = await childrenOf(service.pid);
      return children.length >= 2 && busy.every((pid) => children.includes(pid)) ? children : undefined;
    }, 'the executors are children of the service');

    service.kill('SIGKILL');
    await service.exited();
    for (const pid of executors) {
      await eventually(async () => ((await runs(pid)) ? undefined : true), `executor ${pid} is gone`);
    }
  });
});

describe('a service with its own database', () => {
  it('kill -9 and a new start on the same DATA_DIR: waiting, running and finished jobs are all kept', async () => {
    site = sites.openEmbedded({ WORKER_CONCURRENCY: '1' });
    const first = await site.api();
    let client = clientOf(first);
    const finished = await client.submit('writer', { bytes: 400_000 });
    await client.ended(finished);
    const gate = site.path('gate');
    const jobs: string[] = [];
    for (let n = 0; n < 4; n += 1) jobs.push(await client.submit('gate', { journal: site.journal, gate }));
    await site.noted(jobs[0], 'start');

    first.kill('SIGKILL');
    await first.exited();
    await writeFile(gate, '');
    client = clientOf(await site.api());

    for (const job of jobs) expect(await client.ended(job)).toMatchObject({ status: 'successful' });
    const results = await client.get(`/jobs/${finished}/results`);
    expect((await results.arrayBuffer()).byteLength).toBe(400_000);
    const starts = (await site.journalLines()).filter(({ what }) => what === 'start').map(({ job }) => job);
    expect(starts.sort()).toEqual([...jobs, jobs[0]].sort());
  });
});
