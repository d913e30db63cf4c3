import type { Pool } from 'pg';
import { Agent, request } from 'undici';
import { median, quantile, type Measurement } from './measurement.js';

const JOBS = 1_000_000;
/** Requests of each kind in a round. */
const REQUESTS = 100;
const ROUNDS = 5;
const PAGES = 1_000;
/** Milliseconds; what the project asks of the 99th percentile. */
const GOAL = 50;

/** Filters beside the plain list: frequent and rare, alone and together. */
const FILTERS = {
  'status=failed': 'status=failed',
  'processID and status': 'processID=p3,p4&status=failed,dismissed',
  datetime: 'datetime=2026-01-01T00:00:00Z/2026-01-02T00:00:00Z&processID=p7',
  'rare minDuration': 'minDuration=3600',
  'frequent minDuration': 'minDuration=30&processID=p5',
};

/** (e): pages of the job list at a million jobs, beside the lookup of one row by its primary key. */
export async function measureJobList(base: string, pool: Pool): Promise<Measurement[]> {
  await generate(pool);
  const agent = new Agent({ connections: 1 });
  const get = (url: string) => timed(agent, url);
  try {
    let deep = `${base}/jobs`;
    for (let page = 1; page < PAGES; page += 1) deep = (await get(deep)).next!;
    const urls = new Map([
      ['first page', `${base}/jobs`],
      ...Object.entries(FILTERS).map(([name, query]) => [`filtered by ${name}`, `${base}/jobs?${query}`] as const),
      [`page ${PAGES}`, deep],
    ]);
    // In turns, so that a change of the machine's mood meets all of them.
    const times = new Map([...urls.keys()].map((name) => [name, [] as number[]]));
    const lookups: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      lookups.push(...(await lookupTimes(pool)));
      for (const [name, url] of urls) times.get(name)!.push(...(await repeat(() => get(url))));
    }
    return [
      ...[...times].map(([name, values]) => figure(name, values, lookups)),
      flatness(times.get('first page')!, times.get(`page ${PAGES}`)!),
    ];
  } finally {
    await agent.close();
    await pool.query('TRUNCATE sluice.job CASCADE');
  }
}

function figure(name: string, times: number[], lookup: number[]): Measurement {
  const p99 = quantile(times, 0.99);
  return {
    name: `(e) GET /jobs, ${JOBS.toLocaleString('en')} jobs, ${name}: p99`,
    unit: 'ms',
    value: p99,
    baseline: { name: 'lookup by primary key in SQL: p99', value: quantile(lookup, 0.99) },
    goal: { text: `under ${GOAL} ms (p50 ${median(times).toFixed(2)} ms)`, met: p99 < GOAL },
  };
}

/** How much longer a page takes that is far from the beginning: what a list by offsets would not stand. */
function flatness(first: number[], deep: number[]): Measurement {
  const ratio = quantile(deep, 0.99) / quantile(first, 0.99);
  return {
    name: `(e) page ${PAGES} in times of the first page, p99`,
    unit: 'times',
    value: ratio,
    goal: { text: 'at most 2', met: ratio <= 2 },
  };
}

async function repeat(call: () => Promise<{ time: number }>): Promise<number[]> {
  await call();
  const times: number[] = [];
  for (let n = 0; n < REQUESTS; n += 1) times.push((await call()).time);
  return times;
}

async function timed(dispatcher: Agent, url: string): Promise<{ time: number; next?: string }> {
  const sent = performance.now();
  const { statusCode, body } = await request(url, { dispatcher });
  const text = await body.text();
  const time = performance.now() - sent;
  if (statusCode !== 200) throw new Error(`${url}: ${statusCode} ${text}`);
  const { jobs, links } = JSON.parse(text) as { jobs: unknown[]; links: { rel: string; href: string }[] };
  if (jobs.length === 0) throw new Error(`${url} lists no job`);
  return { time, next: links.find(({ rel }) => rel === 'next')?.href };
}

async function lookupTimes(pool: Pool): Promise<number[]> {
  const { rows } = await pool.query<{ id: string }>(
    `SELECT id FROM sluice.job TABLESAMPLE SYSTEM (1) LIMIT ${REQUESTS}`,
  );
  const times: number[] = [];
  for (const { id } of rows) {
    const sent = performance.now();
    await pool.query({ name: 'bench_lookup', text: 'SELECT * FROM sluice.job WHERE id = $1', values: [id] });
    times.push(performance.now() - sent);
  }
  return times;
}

/** Two jobs a second for six days of history, of twenty processes; one in ten thousand takes long. */
async function generate(pool: Pool): Promise<void> {
  await pool.query('TRUNCATE sluice.job CASCADE');
  await pool.query(
    `INSERT INTO sluice.job (id, process_id, process_version, state_type, state_name, progress, inputs, response, seq,
       epoch, created_at, started_at, finished_at, updated_at, expires_at)
     SELECT gen_random_uuid(), 'p' || n % 20, '1.0.0', s, initcap(s), 100, '{"name":"Ada"}',
       '{"response":"raw","dialect":"1.0"}', 3, 1, t, t + interval '100 ms', t + interval '100 ms' + d * interval '1 s',
       t + d * interval '1 s', now() + interval '7 d'
     FROM (
       SELECT n, timestamptz '2026-01-01' + n * interval '500 ms' AS t,
         CASE WHEN n % 1000 = 4 THEN 'FAILED' WHEN n % 5000 = 3 THEN 'CRASHED' WHEN n % 2000 = 5 THEN 'CANCELLED'
           ELSE 'COMPLETED' END AS s,
         CASE WHEN n % 10000 = 7 THEN 7200 ELSE n % 60 END AS d
       FROM generate_series(1, $1::int) n
     ) x`,
    [JOBS],
  );
  await pool.query('VACUUM ANALYZE sluice.job');
}
