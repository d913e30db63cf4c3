import { writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, jest } from '@jest/globals';
import { eventually, testedBackends } from '../harness/backends.js';
import type { Client, JobStatus } from '../harness/client.js';
import { EventStream } from '../harness/event-stream.js';
import { clientOf, type Site } from '../harness/site.js';
import { useSites } from '../harness/sites.js';

jest.setTimeout(120_000);

/** How long PostgreSQL stays away: longer than a lease. Milliseconds. */
const OUTAGE = 4_000;

const sites = useSites();
let site: Site;

interface Refusal {
  readonly status: number;
  readonly type: string;
  readonly contentType: string | null;
  readonly retryAfter: string | null;
}

/** Submits jobs one after the other until told to stop. */
class Load {
  readonly accepted: string[] = [];
  readonly refused: Refusal[] = [];
  private stopped = false;
  private readonly running: Promise<void>[];

  constructor(client: Client, clients: number) {
    this.running = Array.from({ length: clients }, () => this.run(client));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.running);
  }

  private async run(client: Client): Promise<void> {
    while (!this.stopped) {
      const inputs = { journal: site.journal, ms: 20 };
      const response = await client.execute('sleeper', { inputs }, { prefer: 'respond-async' });
      const body = (await response.json()) as { jobID: string; type: string };
      if (response.status === 201) this.accepted.push(body.jobID);
      else this.refused.push({ status: response.status, type: body.type, ...headersOf(response) });
      await delay(20);
    }
  }
}

function headersOf(response: Response) {
  return { contentType: response.headers.get('content-type'), retryAfter: response.headers.get('retry-after') };
}

async function readiness(client: Client, status: number): Promise<unknown> {
  return await eventually(async () => {
    const response = await client.get('/health/ready');
    const body: unknown = await response.json();
    return response.status === status ? body : undefined;
  }, `/health/ready answers ${status}`);
}

const UNAVAILABLE = {
  status: 503,
  type: expect.stringMatching(/\/database-unavailable$/),
  contentType: expect.stringMatching(/^application\/problem\+json/),
  retryAfter: expect.stringMatching(/^\d+$/),
};

describe.each(testedBackends())('outages, queue on %s', (backend) => {
  it('7 pg-crash: requests are told to come back, nobody gives up, no job is lost', async () => {
    site = await sites.open(backend);
    const { api, client, workers } = await site.nodes(2);
    await readiness(client, 200);
    const load = new Load(client, 4);
    await eventually(() => Promise.resolve(load.accepted.length >= 20 || undefined), 'the load is on');

    await sites.postgres.crash();
    try {
      expect(await readiness(client, 503)).toMatchObject({ status: 'unavailable' });
      for (const path of ['/jobs', `/jobs/${load.accepted[0]}`, `/jobs/${load.accepted[0]}/results`]) {
        const response = await client.get(path);
        const { type } = (await response.json()) as { type: string };
        expect({ status: response.status, type, ...headersOf(response) }).toEqual(UNAVAILABLE);
      }
      expect((await client.get('/processes')).status).toBe(200);
      expect((await client.get('/health/live')).status).toBe(200);
      await eventually(() => Promise.resolve(load.refused.length > 0 || undefined), 'a submission was refused');
      await delay(OUTAGE);
    } finally {
      await sites.postgres.up();
    }
    await readiness(client, 200);
    const acceptedBefore = load.accepted.length;
    await eventually(
      () => Promise.resolve(load.accepted.length >= acceptedBefore + 10 || undefined),
      'submissions are accepted again',
    );
    await load.stop();

    for (const refusal of load.refused) expect(refusal).toEqual(UNAVAILABLE);
    for (const job of load.accepted) expect(await client.ended(job)).toMatchObject({ status: 'successful' });
    const unfinished = (await site.rows()).filter(({ state_type }) => state_type !== 'COMPLETED');
    for (const { id } of unfinished) expect(await client.ended(id)).toMatchObject({ status: 'successful' });
    expect([api, ...workers].map(({ running }) => running)).toEqual([true, true, true]);
    const sync = await client.execute('noop-child', {});
    expect(sync.status).toBe(200);
  });

  it('7 pg-frozen: requests are told to come back, and everything goes on when it answers again', async () => {
    site = await sites.open(backend);
    const { api, client, workers } = await site.nodes(2);
    const all = await site.api();
    const other = clientOf(all);
    const bytes = 100_000;
    const before = [await client.submit('writer', { bytes }), await client.submit('noop-child', {})];
    for (const job of before) await client.ended(job);
    const gate = site.path('gate');
    const gated = await client.submit('file-gate', { journal: site.journal, gate });
    await site.noted(gated, 'start');
    const inputs = { journal: site.journal, ms: 3_000 };
    const running = await client.submit('sleeper', inputs);
    await site.noted(running, 'start');
    const waiting = client.execute('sleeper', { inputs: { ...inputs, token: 'waiting' } });
    await eventually(async () => ((await site.rows()).length >= 5 ? true : undefined), 'all jobs are on record');

    await sites.postgres.freeze();
    try {
      // Its end is told to a database that does not answer, and told again when it does.
      await writeFile(gate, '');
      await site.noted(gated, 'end');
      const get = (path: string) => client.get(path);
      const refused = await Promise.all([
        get('/jobs'),
        get('/jobs?processID=sleeper'),
        get(`/jobs/${before[0]}`),
        get(`/jobs/${before[0]}/results`),
        get(`/jobs/${before[0]}/logs`),
        get(`/jobs/${before[0]}/events`),
        client.dismiss(before[1]),
        client.execute('noop-child', {}, { prefer: 'respond-async' }),
        client.execute('noop-child', {}),
        other.execute('noop-child', {}),
        other.execute('noop', {}),
        other.execute('noop-child', {}, { 'idempotency-key': 'a-key' }),
      ]);
      for (const response of refused) {
        const { type } = (await response.json()) as { type: string };
        expect({ url: response.url, status: response.status, type, ...headersOf(response) }).toEqual({
          url: response.url,
          ...UNAVAILABLE,
        });
      }
      expect(await readiness(client, 503)).toMatchObject({ checks: { database: { status: 'unavailable' } } });
      for (const path of ['/', '/processes', '/health/live']) expect((await get(path)).status).toBe(200);
    } finally {
      sites.postgres.thaw();
    }

    await readiness(client, 200);
    expect((await waiting).status).toBe(200);
    expect(await client.ended(gated)).toMatchObject({ status: 'successful' });
    expect(await (await client.get(`/jobs/${gated}/results`)).text()).toBe('from behind the gate');
    // Refused requests may have been carried out in the end; every job on record comes to its end, once.
    for (const { id } of await site.rows()) {
      expect(await client.ended(id)).toMatchObject({ status: 'successful' });
      expect((await client.get(`/jobs/${id}/results`)).status).toBe(200);
    }
    const starts = (await site.journalLines()).filter(({ what }) => what === 'start').map(({ job }) => job);
    expect(starts.sort()).toEqual([gated, running, 'waiting'].sort());
    expect([api, all, ...workers].map(({ running: runs }) => runs)).toEqual([true, true, true, true]);
    expect((await other.execute('noop-child', {})).status).toBe(200);
    expect(await client.ended(await client.submit('noop-child', {}))).toMatchObject({ status: 'successful' });
  });

  it('9 listen-killed: without its LISTEN connections the service still hears of new jobs and of their ends, and streams lack no event', async () => {
    site = await sites.open(backend);
    const { client } = await site.nodes(1);
    for (let round = 0; round < 3; round += 1) {
      const waiting = client.execute('sleeper', {
        inputs: { token: `waiter-${round}`, journal: site.journal, ms: 500 },
      });
      const watched = await client.submit('sleeper', { token: `watched-${round}`, journal: site.journal, ms: 500 });
      const stream = await EventStream.open(`${client.base}/jobs/${watched}/events`);
      await stream.until(({ events }) => events.length > 0);
      await Promise.all([`waiter-${round}`, `watched-${round}`].map((token) => site.noted(token, 'start')));
      expect(await killListeners()).toBeGreaterThanOrEqual(2);
      const queued = await client.submit('sleeper', { token: `new-${round}` });
      expect((await waiting).status).toBe(200);
      expect(await client.ended(queued)).toMatchObject({ status: 'successful' });
      const seen = (await stream.toEnd()).map(({ id, event }) => [id, event]);
      expect(seen.map(([id]) => id)).toEqual(seen.map((_, index) => index + 1));
      const { events } = await client.getJson<{ events: { seq: number; type: string }[] }>(`/jobs/${watched}/events`);
      expect(seen).toEqual(events.map(({ seq, type }) => [seq, type]));
      expect(seen.at(-1)).toEqual([seen.length, 'successful']);
    }
    await eventually(async () => ((await countListeners()) >= 2 ? true : undefined), 'the listeners are back');
  });
});

const LISTENERS = `FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
  AND (application_name = 'sluice-notifications' OR query ILIKE 'LISTEN %')`;

async function countListeners(): Promise<number> {
  const [row] = await site.query<{ listeners: number }>(`SELECT count(*)::int AS listeners ${LISTENERS}`);
  return row.listeners;
}

/** Ends every session that listens, ours and the queue's. @returns how many there were */
async function killListeners(): Promise<number> {
  return (await site.query(`SELECT pg_terminate_backend(pid) ${LISTENERS}`)).length;
}

const onRedis = testedBackends().includes('redis') ? describe : describe.skip;

onRedis('Redis away', () => {
  it('7 redis-away: jobs are accepted while Redis is down and done when it is back', async () => {
    site = await sites.open('redis');
    const client = clientOf(await site.api());
    await client.ended(await client.submit('noop-child', {}));
    await site.redis!.down();

    const jobs: string[] = [];
    for (let n = 0; n < 10; n += 1) jobs.push(await client.submit('sleeper', { journal: site.journal, ms: 0 }));
    expect(await readiness(client, 503)).toMatchObject({
      checks: { database: { status: 'ok' }, queue: { status: 'unavailable' } },
    });
    // A synchronous execution on this node needs no queue.
    expect((await client.execute('noop-child', {})).status).toBe(200);

    await site.redis!.up();
    for (const job of jobs) expect(await client.ended(job)).toMatchObject({ status: 'successful' });
    await readiness(client, 200);
    const starts = (await site.journalLines()).filter(({ what }) => what === 'start').map(({ job }) => job);
    expect(starts.sort()).toEqual([...jobs].sort());
  });

  it('7 redis-away: a synchronous execution that needs the queue is answered with its job, which is done later', async () => {
    site = await sites.open('redis');
    const { client } = await site.nodes(1);
    expect((await client.execute('noop-child', {})).status).toBe(200);
    await site.redis!.down();
    const response = await client.execute('sleeper', { inputs: { journal: site.journal } });
    expect(response.status).toBe(201);
    const { jobID, status } = (await response.json()) as JobStatus;
    expect(status).toBe('accepted');
    expect(response.headers.get('location')).toBe(`${client.base}/jobs/${jobID}`);
    await site.redis!.up();
    expect(await client.ended(jobID)).toMatchObject({ status: 'successful' });
  });

  it('7 redis-empty: Redis loses all its data; the supervisor puts every waiting job on the queue again', async () => {
    site = await sites.open('redis');
    const api = await site.api({ ROLE: 'api' });
    const client = clientOf(api);
    const jobs: string[] = [];
    for (let n = 0; n < 10; n += 1) jobs.push(await client.submit('sleeper', { journal: site.journal, ms: 0 }));

    await site.redis!.down();
    await site.redis!.up();
    await site.worker();

    for (const job of jobs) expect(await client.ended(job)).toMatchObject({ status: 'successful' });
    const starts = (await site.journalLines()).filter(({ what }) => what === 'start').map(({ job }) => job);
    expect(starts.sort()).toEqual([...jobs].sort());
    expect(api.running).toBe(true);
  });
});
