import { writeFile } from 'node:fs/promises';
import { describe, expect, it, jest } from '@jest/globals';
import { eventually, testedBackends } from '../harness/backends.js';
import { childrenOf, runs } from '../harness/processes.js';
import { clientOf, type Site } from '../harness/site.js';
import { useSites } from '../harness/sites.js';

jest.setTimeout(120_000);

const sites = useSites();
let site: Site;

describe.each(testedBackends())('shutdown, queue on %s', (backend) => {
  it('17 sigterm-drain: a job longer than the grace time is handed over and done elsewhere, not failed', async () => {
    site = await sites.open(backend, { SHUTDOWN_GRACE: '500ms' });
    const {
      client,
      workers: [leaving],
    } = await site.nodes(1);
    const gate = site.path('gate');
    const job = await client.submit('gate', { journal: site.journal, gate });
    const firstPid = await site.noted(job, 'start');

    leaving.kill('SIGTERM');
    expect(await leaving.exited()).toBe(0);
    expect(await runs(firstPid)).toBe(false);
    expect(await client.status(job)).toMatchObject({ status: 'accepted' });
    await site.worker();
    await site.noted(job, 'start', 2);
    await writeFile(gate, '');

    expect(await client.ended(job)).toMatchObject({ status: 'successful' });
    expect(await site.row(job)).toMatchObject({ recoveries: 0 });
    const history = await site.history(job);
    expect(history.map(({ type }) => type)).toEqual(['accepted', 'started', 'handed-back', 'started', 'successful']);
  });
});

describe('shutdown', () => {
  it('17 sigterm-drain: a job that ignores the signal is handed over too', async () => {
    site = await sites.open('postgres', { SHUTDOWN_GRACE: '500ms', CANCEL_GRACE: '500ms' });
    const {
      client,
      workers: [leaving],
    } = await site.nodes(1);
    const gate = site.path('gate');
    const job = await client.submit('gate', { journal: site.journal, gate, stubborn: true });
    const firstPid = await site.noted(job, 'start');

    leaving.kill('SIGTERM');
    expect(await leaving.exited()).toBe(0);
    expect(await runs(firstPid)).toBe(false);
    await site.worker();
    await site.noted(job, 'start', 2);
    await writeFile(gate, '');
    expect(await client.ended(job)).toMatchObject({ status: 'successful' });
    expect((await site.history(job)).map(({ type }) => type)).toContain('handed-back');
  });

  it('17 sigterm-drain: a job that ends within the grace time ends where it began', async () => {
    site = await sites.open('postgres', { SHUTDOWN_GRACE: '60s', WORKER_CONCURRENCY: '1' });
    const {
      client,
      workers: [leaving],
    } = await site.nodes(1);
    const gate = site.path('gate');
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
    await site.worker();
    expect(await client.ended(waiting)).toMatchObject({ status: 'successful' });
  });

  it('17 sigterm-drain: an API that is stopped lets the job of a waiting client go on elsewhere', async () => {
    site = await sites.open('postgres', { SHUTDOWN_GRACE: '500ms' });
    const [leaving, second] = await Promise.all([site.api(), site.api()]);
    const other = clientOf(second);
    const gate = site.path('gate');
    const answer = clientOf(leaving).execute('gate', { inputs: { journal: site.journal, gate } });
    const row = await eventually(async () => (await site.rows())[0], 'the job is on record');
    await site.noted(row.id, 'start');

    leaving.kill('SIGTERM');
    const response = await answer;
    expect(response.status).toBe(201);
    expect(await response.json()).toMatchObject({ jobID: row.id });
    expect(await leaving.exited()).toBe(0);
    await writeFile(gate, '');
    expect(await other.ended(row.id)).toMatchObject({ status: 'successful' });
  });

  it('17 sigterm-drain: a client that waits for a queued job is answered with the job, the stop does not wait', async () => {
    site = await sites.open('postgres', { SHUTDOWN_GRACE: '500ms' });
    const leaving = await site.api();
    const inputs = { journal: site.journal, gate: site.path('gate') };
    const answer = clientOf(leaving).execute('gate', { inputs }, { prefer: 'respond-async, wait=600' });
    const row = await eventually(async () => (await site.rows())[0], 'the job is on record');
    await site.noted(row.id, 'start');

    leaving.kill('SIGTERM');
    const response = await answer;
    expect(response.status).toBe(201);
    expect(await response.json()).toMatchObject({ jobID: row.id });
    expect(await leaving.exited()).toBe(0);
    expect(await site.row(row.id)).toMatchObject({ state_type: 'SCHEDULED', recoveries: 0 });
  });

  it('17 sigterm-drain: a stopped API without a worker answers a synchronous client with the job', async () => {
    site = await sites.open('postgres', { SHUTDOWN_GRACE: '500ms' });
    const { api, client } = await site.nodes(1);
    const gate = site.path('gate');
    const answer = client.execute('gate', { inputs: { journal: site.journal, gate } });
    const row = await eventually(async () => (await site.rows())[0], 'the job is on record');
    await site.noted(row.id, 'start');

    api.kill('SIGTERM');
    const response = await answer;
    expect(response.status).toBe(201);
    expect(await response.json()).toMatchObject({ jobID: row.id, status: 'running' });
    expect(await api.exited()).toBe(0);
    await writeFile(gate, '');
    const other = clientOf(await site.api({ ROLE: 'api' }));
    expect(await other.ended(row.id)).toMatchObject({ status: 'successful' });
  });

  it('17 sigterm-drain: a client whose job ends within the grace time gets its results', async () => {
    site = await sites.open('postgres', { SHUTDOWN_GRACE: '60s' });
    const { api, client } = await site.nodes(1);
    const gate = site.path('gate');
    const answer = client.execute('gate', { inputs: { journal: site.journal, gate } });
    const row = await eventually(async () => (await site.rows())[0], 'the job is on record');
    const pid = await site.noted(row.id, 'start');

    api.kill('SIGTERM');
    await api.logged(/SIGTERM: stopping/);
    await writeFile(gate, '');
    const response = await answer;
    expect(response.status).toBe(200);
    expect(await response.json()).toBe(pid);
    expect(await api.exited()).toBe(0);
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
