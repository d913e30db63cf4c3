import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { request } from 'undici';
import { TestDatabase } from '../harness/database.js';
import { PostgresServer } from '../harness/postgres.js';
import { Service } from '../harness/service.js';
import { step, TestSteps } from '../harness/steps.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';
import { CONCURRENCY } from './async-execution.js';
import { BareCheckpoints } from './bare-checkpoints.js';
import { median, quantile, type Measurement } from './measurement.js';

const TASKS = 40;
const ROUNDS = 20;
const CHECKPOINTS = 400;
const FLOWS = 100;
/** To the database, of the service as of the baseline. */
const CONNECTIONS = 10;
const KILLS = 3;

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
};

/** (g): flows of tasks that do nothing, their checkpoints and their recovery, beside the bare statements they need. */
export async function measureFlows(): Promise<Measurement[]> {
  const place = temporaryDirectory('bench-flows');
  const postgres = await PostgresServer.start();
  const url = await postgres.createDatabase();
  const settings = {
    DATABASE_URL: url,
    DATA_DIR: place.path,
    PROCESS_MODULES: resolve('test/fixtures/bench-flows.mjs'),
    WORKER_CONCURRENCY: String(CONCURRENCY),
    DATABASE_POOL: String(CONNECTIONS),
  };
  let service = await Service.start(settings);
  const store = await TestDatabase.open(url, { DATA_DIR: place.path });
  const bare = await BareCheckpoints.open(url, CONNECTIONS);
  try {
    const measurements = [
      await oneFlow(service, bare),
      await checkpoints(store, bare),
      await recovery(service, store, bare, () => Service.startWorker({ ...settings, LOG_LEVEL: 'info' })),
    ];
    await service.stop();
    service = await Service.start({ ...settings, WORKER_CONCURRENCY: String(FLOWS) });
    return [...measurements, ...(await manyFlows(service, store, bare))];
  } finally {
    await bare.close();
    await store.close();
    await service.stop();
    await postgres.remove();
    place.remove();
  }
}

async function oneFlow(service: Service, bare: BareCheckpoints): Promise<Measurement> {
  const execute = () => post(service, 'bench-flow', 200);
  // The first one starts an executor.
  await execute();
  const [flows, statements]: number[][] = [[], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    statements.push(await timed(() => bare.flow(TASKS)));
    flows.push(await timed(execute));
  }
  const p50 = median(flows);
  return {
    name: `(g) a flow of ${TASKS} tasks in an executor, request to answer: p50`,
    unit: 'ms',
    value: p50,
    baseline: { name: `${2 * TASKS} bare fenced statements`, value: median(statements) },
    goal: { text: `under 300 ms (p99 ${quantile(flows, 0.99).toFixed(0)} ms)`, met: p50 < 300 },
  };
}

async function checkpoints(store: TestDatabase, bare: BareCheckpoints): Promise<Measurement> {
  const steps = new TestSteps(store).of(await store.claimed());
  const run = await bare.run();
  const [ours, theirs]: number[][] = [[], []];
  for (let n = 0; n < CHECKPOINTS; n += 1) {
    const key = `step#${n}`;
    theirs.push(await timed(() => bare.checkpoint(run, key)));
    await steps.begin(step(key));
    ours.push(await timed(() => steps.end({ key, end: 'completed', name: 'Completed', value: 1 })));
  }
  return {
    name: '(g) the record of the end of a step: p50',
    unit: 'ms',
    value: median(ours),
    baseline: { name: 'the bare checkpoint statement', value: median(theirs) },
  };
}

/** In the event loop of the service, which has room for all of them: so many executors are beyond a machine of two cores. */
async function manyFlows(service: Service, store: TestDatabase, bare: BareCheckpoints): Promise<Measurement[]> {
  // Once before, so that all code has run.
  await runAll(service, store);
  const [flows, statements]: number[][] = [[], []];
  for (let round = 0; round < 3; round += 1) {
    statements.push(await timed(() => Promise.all(Array.from({ length: FLOWS }, () => bare.flow(TASKS)))));
    flows.push(await timed(() => runAll(service, store)));
  }
  const [total, bareTotal] = [median(flows), median(statements)];
  const rate = (ms: number) => (FLOWS * TASKS * 1_000) / ms;
  const name = `(g) ${FLOWS} flows of ${TASKS} tasks inline, all in parallel`;
  const baseline = `${2 * TASKS} bare statements for each, all in parallel`;
  return [
    { name, unit: 'steps/s', value: rate(total), baseline: { name: baseline, value: rate(bareTotal) } },
    { name: `${name}: in all`, unit: 'ms', value: total, baseline: { name: baseline, value: bareTotal } },
  ];
}

/** From the submission of the first flow to the end of the last. */
async function runAll(service: Service, store: TestDatabase): Promise<void> {
  await store.query('TRUNCATE job CASCADE');
  await Promise.all(Array.from({ length: FLOWS }, () => post(service, 'inline-bench-flow', 201)));
  for (;;) {
    const [{ open }] = await store.query<{ open: number }>(
      'SELECT count(*)::int AS open FROM job WHERE finished_at IS NULL',
    );
    if (open === 0) return;
    await delay(5);
  }
}

/** With the default LEASE and SUPERVISOR_INTERVAL, from the kill of a worker to the next `started` of its job. */
async function recovery(
  service: Service,
  store: TestDatabase,
  bare: BareCheckpoints,
  startWorker: () => Promise<Service>,
): Promise<Measurement> {
  const [times, statements]: number[][] = [[], []];
  for (let kill = 0; kill < KILLS; kill += 1) {
    statements.push(await timed(() => bare.recovery()));
    times.push(await recoveryTime(service, store, startWorker));
  }
  const longest = Math.max(...times);
  return {
    name: `(g) a worker is killed, its job is started again: the longest of ${KILLS}`,
    unit: 'ms',
    value: longest,
    baseline: { name: 'find, take back and claim by bare statements', value: median(statements) },
    goal: { text: `under 20 s (shortest ${(Math.min(...times) / 1_000).toFixed(1)} s)`, met: longest < 20_000 },
  };
}

async function recoveryTime(
  service: Service,
  store: TestDatabase,
  startWorker: () => Promise<Service>,
): Promise<number> {
  const worker = await startWorker();
  await store.query('TRUNCATE job CASCADE');
  // As many as the service itself can run, and one more: those of the worker are found by its process id.
  await Promise.all(Array.from({ length: CONCURRENCY + 1 }, () => post(service, 'endless-flow', 201)));
  const theirs = `worker_id LIKE '%:${worker.pid}:%' AND state_type = 'RUNNING'`;
  const job = await until(
    async () => (await store.query<{ id: string }>(`SELECT id FROM job WHERE ${theirs} LIMIT 1`))[0],
  );
  // Room for it.
  await store.query(`DELETE FROM job WHERE NOT (${theirs})`);
  await delay(1_000);
  const [{ now }] = await store.query<{ now: Date }>('SELECT clock_timestamp() AS now');
  worker.kill('SIGKILL');
  const started = await until(
    async () =>
      (
        await store.query<{ time: Date }>(
          `SELECT at AS time FROM job_event WHERE job_id = $1 AND type = 'started' AND at > $2`,
          [job.id, now],
        )
      )[0],
  );
  await store.query('TRUNCATE job CASCADE');
  return started.time.getTime() - now.getTime();
}

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await delay(10);
  }
}

/** Executes a process: asynchronously when 201 is expected. */
async function post(service: Service, process: string, expected: 200 | 201): Promise<void> {
  const { statusCode, body } = await request(service.url(`/processes/${process}/execution`), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(expected === 201 && { prefer: 'respond-async' }) },
    body: '{"inputs":{}}',
  });
  const text = await body.text();
  if (statusCode !== expected) throw new Error(`${process}: ${statusCode} ${text}`);
}
