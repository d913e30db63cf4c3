import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';

/** Jobs per statement, as many as run at once. */
const GROUP = 10;
/** Statements under way at once: jobs that are accepted, begin and end at the same time. */
const LANES = 3;

const TABLES = `
  CREATE TABLE bench_job (id uuid PRIMARY KEY, state text NOT NULL, inputs json, updated_at timestamptz DEFAULT now());
  CREATE TABLE bench_event (job_id uuid, seq int, type text NOT NULL, PRIMARY KEY (job_id, seq));
  CREATE TABLE bench_output (job_id uuid PRIMARY KEY, value json)`;

const ACCEPT = `WITH j AS (
    INSERT INTO bench_job (id, state, inputs) SELECT id, 'accepted', '{"name":"Ada"}' FROM unnest($1::uuid[]) AS x (id) RETURNING id
  ) INSERT INTO bench_event SELECT id, 1, 'accepted' FROM j`;
const START = `WITH j AS (
    UPDATE bench_job SET state = 'running', updated_at = now() WHERE id = ANY($1::uuid[]) AND state = 'accepted' RETURNING id
  ) INSERT INTO bench_event SELECT id, 2, 'started' FROM j`;
const END = `WITH j AS (
    UPDATE bench_job SET state = 'successful', updated_at = now() WHERE id = ANY($1::uuid[]) AND state = 'running' RETURNING id
  ), o AS (
    INSERT INTO bench_output SELECT id, '"yes"' FROM j
  ) INSERT INTO bench_event SELECT id, 3, 'successful' FROM j`;

/**
 * What the promise of a job costs at the least: three commits of its row, with an event each, in the plainest tables and
 * already in groups. A service that commits three states of each job is not faster.
 * @returns jobs per second
 */
export async function durableFloor(pool: Pool, jobs: number): Promise<number> {
  await pool.query(TABLES);
  const ids = Array.from({ length: jobs }, () => randomUUID());
  const begin = performance.now();
  const lane = async () => {
    for (let group = ids.splice(0, GROUP); group.length > 0; group = ids.splice(0, GROUP)) {
      for (const [name, text] of Object.entries({ ACCEPT, START, END })) {
        await pool.query({ name: `bench_${name}`, text, values: [group] });
      }
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  const rate = (jobs * 1_000) / (performance.now() - begin);
  await pool.query('DROP TABLE bench_job, bench_event, bench_output');
  return rate;
}
