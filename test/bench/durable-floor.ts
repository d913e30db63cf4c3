import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';

/** Jobs per statement, as many as the service stores together when 200 requests are under way. */
const GROUP = 100;
/** Statements under way at once: jobs begin while others end. */
const LANES = 2;

const TABLES = `
  CREATE TABLE bench_job (id uuid PRIMARY KEY, state text NOT NULL, inputs json, updated_at timestamptz DEFAULT now());
  CREATE TABLE bench_event (job_id uuid, seq int, type text NOT NULL, PRIMARY KEY (job_id, seq));
  CREATE TABLE bench_output (job_id uuid PRIMARY KEY, value json)`;

const BEGIN = `WITH j AS (
    INSERT INTO bench_job (id, state, inputs) SELECT id, 'running', '{"name":"Ada"}' FROM unnest($1::uuid[]) AS x (id) RETURNING id
  ) INSERT INTO bench_event SELECT id, seq, type FROM j, (VALUES (1, 'accepted'), (2, 'started')) AS v (seq, type)`;
const END = `WITH j AS (
    UPDATE bench_job SET state = 'successful', updated_at = now() WHERE id = ANY($1::uuid[]) AND state = 'running' RETURNING id
  ), o AS (
    INSERT INTO bench_output SELECT id, '"yes"' FROM j
  ) INSERT INTO bench_event SELECT id, 3, 'successful' FROM j`;

/**
 * What the promise of a job costs at the least that begins where it is accepted: two commits of its row, with its three
 * events, in the plainest tables and already in groups.
 * @returns jobs per second
 */
export async function durableFloor(pool: Pool, jobs: number): Promise<number> {
  await pool.query(TABLES);
  const ids = Array.from({ length: jobs }, () => randomUUID());
  const begin = performance.now();
  const lane = async () => {
    for (let group = ids.splice(0, GROUP); group.length > 0; group = ids.splice(0, GROUP)) {
      for (const [name, text] of Object.entries({ BEGIN, END })) {
        await pool.query({ name: `bench_${name}`, text, values: [group] });
      }
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  const rate = (jobs * 1_000) / (performance.now() - begin);
  await pool.query('DROP TABLE bench_job, bench_event, bench_output');
  return rate;
}
