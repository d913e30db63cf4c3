import { setTimeout as delay } from 'node:timers/promises';
import { Queue, Worker } from 'bullmq';
import type pg from 'pg';
import { request } from 'undici';
import { bareQueueWaits } from './bare-queue-waits.js';
import { durableFloor } from './durable-floor.js';
import { LeanClient } from './lean-client.js';
import { connect, type QueueAt } from './queue-at.js';
import { median, quantile, type Measurement } from './measurement.js';

const JOBS = 1_000;
/** Submissions under way at once, here and for the baseline. */
const IN_FLIGHT = 200;
/** Jobs at once; the service is started with the same WORKER_CONCURRENCY. */
export const CONCURRENCY = 10;
const SINGLE_JOBS = 100;
const HEADERS = { 'content-type': 'application/json', prefer: 'respond-async' };
const BODY = '{"inputs":{"name":"Ada"}}';
/**
 * Rounds that do not count: whoever has just started is still compiling its code. Each side has as many as make it faster;
 * the service has much more code to get through.
 */
const WARM_ROUNDS = { bare: 8, service: 80 };
/** A round takes a tenth of a second, in which much else can happen on a machine. */
const ROUNDS = 15;

/** (c): 1000 asynchronous no-op jobs from the first request to the last end, beside BullMQ alone on the same backend. */
export async function measureAsyncExecution(base: string, pool: pg.Pool, at: QueueAt): Promise<Measurement[]> {
  const backend = 'redis' in at ? 'Redis' : 'PostgreSQL';
  const rates: number[] = [];
  const bareRates: number[] = [];
  const floors: number[] = [];
  const loadedWaits: number[] = [];
  const client = await LeanClient.open(executionOf(base, 'noop'), HEADERS, BODY, IN_FLIGHT);
  try {
    for (let round = 0; round < WARM_ROUNDS.bare; round += 1) await bareQueueRate(at, `bench-warm-${round}`);
    for (let round = 0; round < WARM_ROUNDS.service; round += 1) await serviceRate(client, pool);
    for (let round = 0; round < ROUNDS; round += 1) {
      bareRates.push(await bareQueueRate(at, `bench-${round}`));
      rates.push(await serviceRate(client, pool));
      loadedWaits.push(...(await waits(pool)));
      floors.push(await durableFloor(pool, JOBS));
    }
  } finally {
    client.close();
  }
  const bareWaits = await bareQueueWaits(at, SINGLE_JOBS);
  const single = await singleWaits(base, pool);
  const [rate, bareRate, floor, p50] = [median(rates), median(bareRates), median(floors), median(single)];
  // What else the machine does weighs on both runs of a round.
  const ratio = median(rates.map((value, round) => value / bareRates[round]));
  return [
    {
      name: `(c) ${JOBS} async jobs, submitted and finished, on ${backend}`,
      unit: 'jobs/s',
      value: rate,
      baseline: { name: `bare BullMQ on ${backend}`, value: bareRate },
      ratio,
      goal: { text: 'at least half', met: ratio >= 0.5 },
    },
    {
      name: `(c) the same beside what makes a job durable, on ${backend}`,
      unit: 'jobs/s',
      value: rate,
      baseline: { name: 'two grouped commits per job, nothing else', value: floor },
    },
    {
      name: `(c) accepted to started through the queue, one job at a time, on ${backend}: p50`,
      unit: 'ms',
      value: p50,
      baseline: { name: `bare BullMQ on ${backend}, added to active: p50`, value: median(bareWaits) },
      goal: { text: `under 10 ms (p99 ${quantile(single, 0.99).toFixed(1)} ms)`, met: p50 < 10 },
    },
    {
      name: `(c) accepted to started, ${JOBS} jobs as fast as they come, on ${backend}: p50`,
      unit: 'ms',
      value: median(loadedWaits),
    },
  ];
}

async function serviceRate(client: LeanClient, pool: pg.Pool): Promise<number> {
  await pool.query('TRUNCATE sluice.job CASCADE');
  const begin = performance.now();
  await client.send(JOBS);
  await allEnded(pool, JOBS);
  return (JOBS * 1_000) / (performance.now() - begin);
}

/** Of jobs in executors, which always take the way through the queue. */
async function singleWaits(base: string, pool: pg.Pool): Promise<number[]> {
  await pool.query('TRUNCATE sluice.job CASCADE');
  for (let job = 1; job <= SINGLE_JOBS; job += 1) {
    await submit(executionOf(base, 'noop-child'));
    await allEnded(pool, job);
  }
  return await waits(pool);
}

/** From the acceptance to the start of every job there is. Milliseconds. */
async function waits(pool: pg.Pool): Promise<number[]> {
  const { rows } = await pool.query<{ wait: number }>(
    `SELECT 1000 * extract(epoch FROM started_at - created_at)::float8 AS wait FROM sluice.job`,
  );
  return rows.map(({ wait }) => wait);
}

function executionOf(base: string, processId: string): string {
  return `${base}/processes/${processId}/execution`;
}

async function submit(url: string): Promise<void> {
  const { statusCode, body } = await request(url, { method: 'POST', headers: HEADERS, body: BODY });
  const text = await body.text();
  if (statusCode !== 201) throw new Error(`${statusCode}: ${text}`);
}

/** Asks when all have been submitted, and rests in between: the query takes the processor from what is measured. */
async function allEnded(pool: pg.Pool, count: number): Promise<void> {
  for (;;) {
    const { rows } = await pool.query<{ ended: number }>(
      `SELECT count(*)::int AS ended FROM sluice.job WHERE state_type = 'COMPLETED'`,
    );
    if (rows[0].ended >= count) return;
    await delay(2);
  }
}

/** BullMQ by itself: the same number of jobs, submissions in flight and concurrency, a processor that does nothing. */
async function bareQueueRate(at: QueueAt, name: string): Promise<number> {
  const [adding, working] = [connect(at), connect(at)];
  const queue = new Queue(name, { connection: adding.connection });
  let ended = 0;
  let allDone!: () => void;
  const done = new Promise<void>((resolve) => (allDone = resolve));
  const worker = new Worker(
    name,
    () => {
      ended += 1;
      if (ended === JOBS) allDone();
      return Promise.resolve();
    },
    { connection: working.connection, concurrency: CONCURRENCY },
  );
  await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]);
  const begin = performance.now();
  let left = JOBS;
  const client = async () => {
    while (left-- > 0) await queue.add('job', { jobId: 'none' });
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, client));
  await done;
  const rate = (JOBS * 1_000) / (performance.now() - begin);
  await worker.close();
  await queue.obliterate({ force: true });
  await queue.close();
  await Promise.all([adding.pool?.end(), working.pool?.end()]);
  return rate;
}
