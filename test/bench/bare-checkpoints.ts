import { randomUUID } from 'node:crypto';
import pg from 'pg';

/** What a flow needs of a database and nothing more: its state, its steps, its events. */
const TABLES = `
  CREATE SCHEMA bench;
  CREATE TABLE bench.run (id uuid PRIMARY KEY, epoch int NOT NULL, state text NOT NULL, seq int NOT NULL,
    lease_until timestamptz);
  CREATE TABLE bench.task_run (run_id uuid NOT NULL, task_key text NOT NULL, state text NOT NULL, output json,
    seq int NOT NULL, PRIMARY KEY (run_id, task_key));
  CREATE TABLE bench.run_event (run_id uuid NOT NULL, seq int NOT NULL, type text NOT NULL, PRIMARY KEY (run_id, seq));`;

const FENCE = `f AS (UPDATE bench.run SET seq = seq + 1 WHERE id = $1 AND epoch = $2 AND state = 'RUNNING' RETURNING id, seq)`;

/** The record of a step in one statement, as the design has it. */
const CHECKPOINT = {
  name: 'bench_checkpoint',
  text: `WITH ${FENCE} INSERT INTO bench.task_run (run_id, task_key, state, output, seq)
    SELECT id, $3, 'COMPLETED', $4, seq FROM f ON CONFLICT DO NOTHING`,
};

const BEGIN = {
  name: 'bench_begin',
  text: `WITH ${FENCE}, e AS (INSERT INTO bench.run_event SELECT id, seq, 'task-started' FROM f)
    INSERT INTO bench.task_run (run_id, task_key, state, seq) SELECT id, $3, 'RUNNING', seq FROM f ON CONFLICT DO NOTHING`,
};

const END = {
  name: 'bench_end',
  text: `WITH ${FENCE}, e AS (INSERT INTO bench.run_event SELECT id, seq, 'task-completed' FROM f)
    UPDATE bench.task_run t SET state = 'COMPLETED', output = $4 FROM f WHERE t.run_id = f.id AND t.task_key = $3`,
};

/** What finding, taking back and claiming a lost run needs. */
const RECOVERY = [
  `SELECT id, epoch FROM bench.run WHERE state = 'RUNNING' AND lease_until < now() AND id = $1`,
  `WITH f AS (UPDATE bench.run SET state = 'SCHEDULED', seq = seq + 1 WHERE id = $1 AND state = 'RUNNING' RETURNING id, seq)
   INSERT INTO bench.run_event SELECT id, seq, 'crashed' FROM f`,
  `WITH f AS (UPDATE bench.run SET state = 'RUNNING', epoch = epoch + 1, seq = seq + 1, lease_until = now() + interval '15 s'
     WHERE id = $1 AND state = 'SCHEDULED' RETURNING id, seq)
   INSERT INTO bench.run_event SELECT id, seq, 'started' FROM f`,
];

/** The bare statements that flows are measured beside, on the same database. */
export class BareCheckpoints {
  private constructor(private readonly pool: pg.Pool) {}

  static async open(connectionString: string, connections: number): Promise<BareCheckpoints> {
    const pool = new pg.Pool({ connectionString, max: connections });
    await pool.query(TABLES);
    return new BareCheckpoints(pool);
  }

  /** A run that steps can be put on record for. */
  async run(): Promise<string> {
    const id = randomUUID();
    await this.pool.query(`INSERT INTO bench.run VALUES ($1, 1, 'RUNNING', 0, now() - interval '1 s')`, [id]);
    return id;
  }

  async checkpoint(run: string, key: string): Promise<void> {
    await this.pool.query({ ...CHECKPOINT, values: [run, 1, key, '1'] });
  }

  /** Begins and ends so many steps of a new run, one after the other. */
  async flow(steps: number): Promise<void> {
    const id = await this.run();
    for (let n = 0; n < steps; n += 1) {
      await this.pool.query({ ...BEGIN, values: [id, 1, `step#${n}`] });
      await this.pool.query({ ...END, values: [id, 1, `step#${n}`, '1'] });
    }
  }

  async recovery(): Promise<void> {
    const id = await this.run();
    for (const text of RECOVERY) await this.pool.query(text, [id]);
  }

  async close(): Promise<void> {
    await this.pool.end();
  }
}
