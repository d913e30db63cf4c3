import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, jest } from '@jest/globals';
import { eventually, testedBackends } from '../harness/backends.js';
import type { Client, JobStatus } from '../harness/client.js';
import { clientOf, type JournalLine, type Site } from '../harness/site.js';
import { useSites } from '../harness/sites.js';

jest.setTimeout(120_000);

const SEED = 20_261_120;
/** By each of four clients: every moment once. */
const RACES = 5;
const TERMINAL = ['successful', 'failed', 'dismissed'];
const ORDER = ['accepted', 'running', ...TERMINAL];

const sites = useSites();
let site: Site;

/** Numbers from 0 to 1, the same ones at every run (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What a client that asks all the time gets to see of a job, without repetitions; `gone` after its removal. */
async function watch(client: Client, job: string, until: Promise<unknown>): Promise<string[]> {
  const seen: string[] = [];
  let over = false;
  void until.then(() => (over = true));
  for (;;) {
    const last = over;
    const response = await client.get(`/jobs/${job}`);
    const status = response.status === 404 ? 'gone' : ((await response.json()) as JobStatus).status;
    if (seen.at(-1) !== status) seen.push(status);
    if (last) return seen;
    await delay(5);
  }
}

const linesOf = (lines: readonly JournalLine[], job: string) => lines.filter((line) => line.job === job);

describe.each(testedBackends())('cancel races, queue on %s', (backend) => {
  it(`21 cancel-races: dismissed or successful, never both, no start after a dismissal (seed ${SEED})`, async () => {
    site = await sites.open(backend);
    const { client } = await site.nodes(2);
    await client.ended(await client.submit('sleeper', { ms: 0 }));
    const next = random(SEED);

    /** Moments in the life of a job to dismiss it at: `ms` is how long the job takes, `reached` when to strike. */
    const moments = [
      { ms: () => next() * 60, reached: () => delay(next() * 60) },
      { ms: () => 60_000, reached: (job: string) => site.noted(job, 'start') },
      { ms: () => next() * 60, reached: (job: string) => site.noted(job, 'start').then(() => delay(next() * 60)) },
      { ms: () => next() * 60, reached: (job: string) => site.noted(job, 'end') },
      { ms: () => 0, reached: (job: string) => client.ended(job) },
    ];
    const race = async (moment: (typeof moments)[number]) => {
      const job = await client.submit('sleeper', { journal: site.journal, ms: Math.floor(moment.ms()) });
      const dismissal = moment.reached(job).then(() => client.dismiss(job));
      const [seen, response] = await Promise.all([watch(client, job, dismissal), dismissal]);
      const atAnswer = linesOf(await site.journalLines(), job);
      return { job, seen, status: response.status, body: (await response.json()) as JobStatus, atAnswer };
    };
    const races: Awaited<ReturnType<typeof race>>[] = [];
    const racer = async () => {
      for (let n = 0; n < RACES; n += 1) races.push(await race(moments[n % moments.length]));
    };
    await Promise.all([racer(), racer(), racer(), racer()]);
    // Whatever a worker still had in hand would show by now.
    await client.ended(await client.submit('sleeper', { ms: 200 }));

    const lines = await site.journalLines();
    for (const { job, seen, status, body, atAnswer } of races) {
      expect({ job, status, answered: body.status }).toEqual({ job, status: 200, answered: 'dismissed' });
      // What ended by itself is removed by the dismissal; everything else stays, dismissed.
      const end = seen.at(-1)!;
      expect(['dismissed', 'gone']).toContain(end);
      const terminal = seen.filter((each) => TERMINAL.includes(each));
      expect(new Set(terminal).size).toBeLessThanOrEqual(1);
      if (end === 'gone') expect(terminal).not.toContain('dismissed');
      const places = seen.filter((each) => each !== 'gone').map((each) => ORDER.indexOf(each));
      expect(places).toEqual([...places].sort((a, b) => a - b));
      expect(linesOf(lines, job)).toEqual(atAnswer);
      if (end === 'gone') {
        expect((await client.get(`/jobs/${job}`)).status).toBe(404);
        continue;
      }
      expect(await client.status(job)).toMatchObject({ status: 'dismissed' });
      const types = (await site.history(job)).map(({ type }) => type);
      expect(types.filter((type) => ['successful', 'failed', 'dismissed'].includes(type))).toEqual(['dismissed']);
      expect(types.at(-1)).toBe('dismissed');
    }
    expect(new Set(races.map(({ seen }) => seen.at(-1)))).toEqual(new Set(['dismissed', 'gone']));
  });
});

describe('cancellation', () => {
  it('21 cancel-races: a job that nobody has begun never begins', async () => {
    site = await sites.open();
    const client = clientOf(await site.api({ ROLE: 'api' }));
    const job = await client.submit('sleeper', { journal: site.journal, ms: 0 });
    expect(await (await client.dismiss(job)).json()).toMatchObject({ status: 'dismissed' });
    await site.worker();
    const later = await client.submit('sleeper', { journal: site.journal, ms: 0 });
    await client.ended(later);
    expect(linesOf(await site.journalLines(), job)).toEqual([]);
    expect((await site.history(job)).map(({ type }) => type)).toEqual(['accepted', 'dismissed']);
  });

  it('21 cancel-races: code that ignores its signal is dismissed by force, and its process is gone', async () => {
    site = await sites.open();
    const { client } = await site.nodes(1);
    const gate = site.path('gate');
    const job = await client.submit('gate', { journal: site.journal, gate, stubborn: true });
    const pid = await site.noted(job, 'start');
    expect(await (await client.dismiss(job)).json()).toMatchObject({ jobID: job, status: 'dismissed' });
    await eventually(() => Promise.resolve(alive(pid) ? undefined : true), 'the process of the dismissed job is gone');
    expect(linesOf(await site.journalLines(), job).map(({ what }) => what)).toEqual(['start', 'told']);
    expect(await client.ended(await client.submit('noop-child', {}))).toMatchObject({ status: 'successful' });
  });

  it('23 lost-cancel-notice: a worker that never hears the notification sees the dismissal at its next heartbeat', async () => {
    site = await sites.open('postgres', { CANCEL_GRACE: '30s' });
    const { client } = await site.nodes(1);
    const job = await client.submit('gate', { journal: site.journal, gate: site.path('gate') });
    await site.noted(job, 'start');

    const deaf = keepDeaf();
    const answer = await client.dismiss(job);
    await deaf.end();
    expect(await answer.json()).toMatchObject({ jobID: job, status: 'dismissed' });
    expect(linesOf(await site.journalLines(), job).map(({ what }) => what)).toEqual(['start', 'told']);
    const history = await site.history(job);
    expect(history.map(({ type }) => type)).toEqual(['accepted', 'started', 'dismiss-requested', 'dismissed']);
    // Said by the worker, not forced because of its silence.
    expect(history.at(-1)!.data).toBeNull();
  });
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Cuts every connection that hears notifications as soon as it is there, until told to end. */
function keepDeaf(): { end(): Promise<void> } {
  let over = false;
  const cutting = (async () => {
    const client = site.connection();
    await client.connect();
    while (!over) {
      await client.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'sluice-notifications'`);
    }
    await client.end();
  })();
  return {
    end: async () => {
      over = true;
      await cutting;
    },
  };
}
