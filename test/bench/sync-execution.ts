import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Pool } from 'pg';
import { compare } from './load.js';
import type { Measurement } from './measurement.js';

const CONNECTIONS = 10;
const SECONDS = 4;
/** Of (a): many short turns of the service and its baseline. */
const ROUNDS = 7;
const ROUND_SECONDS = 2;

/** (a) and (d): synchronous execution without a job row, inline and in an executor, beside a bare route. */
export async function measureSyncExecution(base: string): Promise<Measurement[]> {
  const bare = fork(fileURLToPath(new URL('./bare-fastify.js', import.meta.url)));
  const [port] = (await once(bare, 'message')) as [number];
  const body = JSON.stringify({ inputs: { name: 'Ada' } });
  const execute = (process: string) => ({ url: `${base}/processes/${process}/execution`, body });
  const bareRoute = { url: `http://127.0.0.1:${port}/`, body };

  const [plain, inline] = await compare([bareRoute, execute('noop-bare')], CONNECTIONS, ROUND_SECONDS, ROUNDS);
  const [oneInline, oneChild] = await compare([execute('noop-bare'), execute('noop-child-bare')], 1, SECONDS / 2);
  bare.kill();
  const overhead = oneChild.p50 - oneInline.p50;
  return [
    {
      name: `(a) sync, inline, no job: ${CONNECTIONS} connections`,
      unit: 'requests/s',
      value: inline.rate,
      baseline: { name: 'bare Fastify POST route', value: plain.rate },
      ratio: inline.ratio,
      goal: { text: 'at least half', met: inline.ratio >= 0.5 },
    },
    {
      name: '(d) sync, executor child: p50, 1 connection',
      unit: 'ms',
      value: oneChild.p50,
      baseline: { name: 'the same inline', value: oneInline.p50 },
      goal: { text: `p50 overhead under 3 ms (${overhead.toFixed(2)} ms)`, met: overhead < 3 },
    },
  ];
}

/** (b): synchronous execution that leaves a job, beside single-row inserts on as many connections. */
export async function measureSyncJobs(base: string, pool: Pool): Promise<Measurement[]> {
  const body = JSON.stringify({ inputs: { name: 'Ada' } });
  const [jobs] = await compare([{ url: `${base}/processes/noop/execution`, body }], CONNECTIONS, SECONDS);
  return [
    {
      name: `(b) sync, inline, with a job row: ${CONNECTIONS} connections`,
      unit: 'per second',
      value: jobs.rate,
      baseline: { name: 'bare single-row inserts', value: await insertRate(pool) },
    },
  ];
}

async function insertRate(pool: Pool): Promise<number> {
  await pool.query('CREATE TABLE IF NOT EXISTS bench_row (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), body json)');
  const body = JSON.stringify({ name: 'Ada' });
  let rows = 0;
  const begin = performance.now();
  const end = begin + SECONDS * 1_000;
  const client = async () => {
    for (; performance.now() < end; rows += 1) {
      await pool.query({ name: 'bench_insert', text: 'INSERT INTO bench_row (body) VALUES ($1)', values: [body] });
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, client));
  await pool.query('DROP TABLE bench_row');
  return (rows * 1_000) / (performance.now() - begin);
}
