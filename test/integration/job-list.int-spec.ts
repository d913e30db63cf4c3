import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import type { Database } from '../../src/database/database.js';
import { STATE_TYPES, type StateType, statusOf } from '../../src/jobs/job-state.js';
import { type JobFilter, JobList, type JobPosition } from '../../src/jobs/store/job-list.js';
import { type TestDatabase, TestDatabases } from '../harness/database.js';

jest.setTimeout(120_000);

const JOBS = 3_000;
const START = Date.UTC(2026, 0, 1);

/** A job as the requirements see it. */
interface Sample {
  readonly id: string;
  readonly process: string;
  readonly state: StateType;
  /** milliseconds since START */
  readonly created: number;
  /** microseconds since 1970 */
  readonly micros: bigint;
  /** seconds; absent where a job has none */
  readonly duration?: number;
}

let databases: TestDatabases;
let store: TestDatabase;
let samples: Sample[];

/** Jobs of all states, some created at the same time, a few much longer than the others. */
beforeAll(async () => {
  databases = await TestDatabases.start();
  store = await databases.open();
  await store.query(
    `INSERT INTO job (id, process_id, process_version, state_type, state_name, inputs, response, created_at, started_at, finished_at)
     SELECT gen_random_uuid(), 'p' || n % 5, '1.0.0', s, s, '{}', '{"response":"raw","dialect":"1.0"}', t,
       CASE WHEN s = 'RUNNING' THEN now() - interval '100 s' WHEN s = 'SCHEDULED' AND n % 2 = 0 THEN t
         WHEN s IN ('SCHEDULED', 'PENDING') OR s = 'CANCELLED' AND n % 2 = 0 THEN NULL ELSE t END,
       CASE WHEN s IN ('COMPLETED', 'FAILED', 'CRASHED', 'CANCELLED')
         THEN t + CASE WHEN n % 100 = 0 THEN 7200 ELSE n % 7 END * interval '1 s' END
     FROM (
       SELECT n, $2::timestamptz + (n / 3) * interval '1.0007 s' AS t,
         CASE WHEN n % 4 > 0 THEN 'COMPLETED' ELSE ($3::text[])[1 + n / 4 % 9] END AS s
       FROM generate_series(1, $1::int) n
     ) x`,
    [JOBS, new Date(START), STATE_TYPES],
  );
  await store.query('ANALYZE job');
  const rows = await store.query<{
    id: string;
    process: string;
    state: StateType;
    micros: string;
    duration: number | null;
  }>(
    `SELECT id, process_id AS process, state_type AS state, (extract(epoch FROM created_at) * 1000000)::bigint::text AS micros,
       extract(epoch FROM CASE WHEN finished_at IS NOT NULL THEN finished_at - started_at
         WHEN state_type IN ('RUNNING', 'PAUSED', 'CANCELLING') THEN now() - started_at END)::float8 AS duration
     FROM job ORDER BY created_at DESC, id DESC`,
  );
  samples = rows.map(({ micros, duration, ...row }) => ({
    ...row,
    micros: BigInt(micros),
    created: Math.floor(Number(micros) / 1_000) - START,
    ...(duration !== null && { duration }),
  }));
});
afterAll(() => databases.close());

/** The ids that the requirements ask for, newest first. */
function expected(filter: JobFilter): string[] {
  const { processIds, states, createdFrom = -Infinity, createdTo = Infinity, minDuration, maxDuration } = filter;
  const isTimed = minDuration !== undefined || maxDuration !== undefined;
  const fits = ({ process, state, created, duration }: Sample) =>
    (processIds?.includes(process) ?? true) &&
    (states?.includes(state) ?? true) &&
    START + created >= createdFrom &&
    START + created <= createdTo &&
    (!isTimed ||
      (duration !== undefined &&
        statusOf(state) !== 'accepted' &&
        duration >= (minDuration ?? 0) &&
        duration <= (maxDuration ?? Infinity)));
  return samples.filter(fits).map(({ id }) => id);
}

async function readAll(filter: JobFilter, direction: 'after' | 'before', limit: number): Promise<string[]> {
  const ids: string[] = [];
  let position: JobPosition | undefined =
    direction === 'after' ? undefined : { created: '0', id: '00000000-0000-0000-0000-000000000000' };
  for (;;) {
    const rows = await store.list.read(filter, { limit, ...(position && { [direction]: position }) });
    ids.push(...rows.map(({ id }) => id));
    const last = rows.at(-1);
    if (last === undefined || rows.length < limit) return direction === 'after' ? ids : ids.reverse();
    position = { created: last.created_micros, id: last.id };
  }
}

const instant = fc.integer({ min: -1_000, max: (JOBS / 3) * 1_001 }).map((offset) => START + offset);
const seconds = fc.constantFrom(0, 1, 3, 6, 7, 50, 150, 7_200, 7_201);
const some = <T>(values: readonly T[]) => fc.subarray([...values], { minLength: 1 });
const filters: fc.Arbitrary<JobFilter> = fc.record(
  {
    processIds: some(['p0', 'p1', 'p4', 'none', 'nul\0']),
    states: some(STATE_TYPES),
    createdFrom: instant,
    createdTo: instant,
    minDuration: seconds,
    maxDuration: seconds,
  },
  { requiredKeys: [] },
);

describe('JobList', () => {
  it('gives the jobs that fit every filter at once, newest first (/req/job-list/*-response)', async () => {
    const property = fc.asyncProperty(filters, async (filter) => {
      expect(await readAll(filter, 'after', JOBS)).toEqual(expected(filter));
    });
    await fc.assert(property, { numRuns: 150 });
  });

  it('gives the same in pages of any size, forwards and backwards (/rec/job-list/next-1 to next-3, /per/job-list/prev)', async () => {
    const limits = fc.integer({ min: 40, max: 700 });
    const property = fc.asyncProperty(filters, limits, async (filter, limit) => {
      const all = expected(filter);
      expect(await readAll(filter, 'after', limit)).toEqual(all);
      expect(await readAll(filter, 'before', limit)).toEqual(all);
    });
    await fc.assert(property, { numRuns: 40 });
  });

  it('lists a job at the very time that its status document shows (/req/job-list/datetime-response)', async () => {
    const [{ id, created_at: created }] = await store.list.read({}, { limit: 1 });
    const time = created.getTime();
    const ids = (await store.list.read({ createdFrom: time, createdTo: time }, { limit: 10 })).map((row) => row.id);
    expect(ids).toContain(id);
  });

  it.each([
    ['job_newest', {}],
    ['job_by_state', { states: ['FAILED', 'CRASHED'] }],
    ['job_of_process', { processIds: ['p1'] }],
    ['job_duration', { minDuration: 7_000 }],
  ] as const)('reads along the index %s for %j', async (index, filter) => {
    const client = await store.connect();
    // So few rows are read faster without any index.
    await client.query('SET enable_seqscan = off; SET enable_bitmapscan = off');
    const plans: string[] = [];
    const query = async (text: string, values: unknown[]) => {
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${text}`, values);
      plans.push(...rows.map((row) => row['QUERY PLAN']));
      return [];
    };
    await new JobList({ query } as unknown as Database).read(filter, { limit: 11 });
    await client.end();
    expect(plans.join('\n')).toContain(index);
  });
});
