import { execFileSync, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Pool } from 'pg';
import { Agent, request } from 'undici';
import { CHANGE_CHANNEL } from '../../src/jobs/job-channels.js';
import { median, quantile, type Measurement } from './measurement.js';

const READERS = 1_000;
const JOBS = 20;
const EVENTS = 30;

/**
 * (f): from the commit of an event to the last of all readers who have it, and the memory a reader takes. Every event
 * is one of each job, so each reader gets each of them.
 */
export async function measureEventStreams(base: string, pool: Pool, pid: number): Promise<Measurement[]> {
  const jobs = await runningJobs(pool);
  const agent = new Agent({ connections: READERS, bodyTimeout: 0 });
  const before = memoryOf(pid);
  const arrivals = new Arrivals();
  try {
    await arrivals.of(1, () =>
      Promise.all(
        Array.from({ length: READERS }, (_, n) => follow(agent, `${base}/jobs/${jobs[n % JOBS]}/events`, arrivals)),
      ),
    );
    const times: number[] = [];
    for (let seq = 2; seq <= EVENTS + 1; seq += 1) {
      let committed = 0;
      const last = await arrivals.of(seq, async () => {
        await addEvents(pool, jobs);
        committed = performance.now();
      });
      times.push(Math.max(0, last - committed));
    }
    const perReader = (memoryOf(pid) - before) / READERS;
    await agent.destroy();
    const bareTimes = await bareFanOut();
    return [
      {
        name: `(f) ${READERS} event streams of ${JOBS} jobs, commit to the last reader: p50`,
        unit: 'ms',
        value: median(times),
        baseline: { name: 'bare Fastify, the same event to as many readers', value: median(bareTimes) },
        goal: { text: `under 250 ms (p99 ${quantile(times, 0.99).toFixed(0)} ms)`, met: median(times) < 250 },
      },
      {
        name: '(f) memory of the service per reader',
        unit: 'KiB',
        value: perReader,
        goal: { text: 'under 100 KiB', met: perReader < 100 },
      },
    ];
  } finally {
    await agent.destroy();
    await pool.query('TRUNCATE sluice.job CASCADE');
  }
}

/** From the order to write an event to the last of all readers who have it. Milliseconds. */
async function bareFanOut(): Promise<number[]> {
  const bare = fork(fileURLToPath(new URL('./bare-event-stream.js', import.meta.url)));
  const [port] = (await once(bare, 'message')) as [number];
  const agent = new Agent({ connections: READERS, bodyTimeout: 0 });
  const arrivals = new Arrivals();
  const url = `http://127.0.0.1:${port}/`;
  try {
    await arrivals.of(1, () => Promise.all(Array.from({ length: READERS }, () => follow(agent, url, arrivals))));
    const times: number[] = [];
    for (let seq = 2; seq <= EVENTS + 1; seq += 1) {
      const sent = performance.now();
      const last = await arrivals.of(seq, () => Promise.resolve(bare.send(seq)));
      times.push(last - sent);
    }
    return times;
  } finally {
    await agent.destroy();
    bare.kill();
  }
}

/** Notes when all readers have an event. */
class Arrivals {
  private readonly counts = new Map<number, number>();
  private complete: (time: number) => void = () => undefined;
  private awaited = 0;

  note(seq: number): void {
    const count = (this.counts.get(seq) ?? 0) + 1;
    this.counts.set(seq, count);
    if (seq === this.awaited && count === READERS) this.complete(performance.now());
  }

  /** @returns when the last reader had the event that `cause` leads to */
  async of(seq: number, cause: () => Promise<unknown>): Promise<number> {
    this.awaited = seq;
    const done = new Promise<number>((resolve) => (this.complete = resolve));
    await cause();
    return await done;
  }
}

async function follow(dispatcher: Agent, url: string, arrivals: Arrivals): Promise<void> {
  const { statusCode, body } = await request(url, { dispatcher, headers: { accept: 'text/event-stream' } });
  if (statusCode !== 200) throw new Error(`${url}: ${statusCode}`);
  body.on('error', () => undefined);
  let rest = '';
  body.setEncoding('utf8').on('data', (text: string) => {
    const blocks = (rest + text).split('\n\n');
    rest = blocks.pop()!;
    for (const block of blocks) {
      const id = /^id: (\d+)$/m.exec(block)?.[1];
      if (id !== undefined) arrivals.note(Number(id));
    }
  });
}

async function runningJobs(pool: Pool): Promise<string[]> {
  const ids = Array.from({ length: JOBS }, () => randomUUID());
  await pool.query(
    `WITH j AS (
       INSERT INTO sluice.job (id, process_id, process_version, state_type, state_name, inputs, response, seq, epoch, lease_until)
       SELECT id, 'noop', '1.0.0', 'RUNNING', 'Running', '{}', '{"response":"raw","dialect":"1.0"}', 1, 1, now() + interval '1 h'
       FROM unnest($1::uuid[]) id
       RETURNING id
     )
     INSERT INTO sluice.job_event (job_id, seq, type) SELECT id, 1, 'accepted' FROM j`,
    [ids],
  );
  return ids;
}

/** One event for each job, announced as the service does it. */
async function addEvents(pool: Pool, jobs: readonly string[]): Promise<void> {
  await pool.query(
    `WITH j AS (UPDATE sluice.job SET seq = seq + 1 WHERE id = ANY($1::uuid[]) RETURNING id, seq)
     INSERT INTO sluice.job_event (job_id, seq, type, data) SELECT id, seq, 'progress', '{"progress":50}' FROM j`,
    [jobs],
  );
  await pool.query('SELECT pg_notify($1, $2)', [CHANGE_CHANNEL, jobs.join(',')]);
}

/** Resident memory of a process in KiB. */
function memoryOf(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }));
}
