import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { Statement } from '../../database/statement.js';
import type { ResponsePreferences, StagedInputs } from '../job.types.js';
import { type JobStatusRow, STATUS_COLUMNS } from './job-row.js';

export interface NewJob {
  readonly id: string;
  readonly processId: string;
  readonly processVersion: string;
  /** JSON values; what is staged as a file is left out */
  readonly inputs: Record<string, unknown>;
  readonly staged?: StagedInputs;
  readonly response: ResponsePreferences;
}

/** Accepts a job: the row and its first event become visible together, or not at all (promise P1). */
const ACCEPT = new Statement<JobStatusRow>(
  'job_accept',
  `WITH j AS (
     INSERT INTO job (id, process_id, process_version, state_type, state_name, inputs, staged, response, seq)
     VALUES ($1, $2, $3, 'SCHEDULED', 'Scheduled', $4, $5, $6, 1)
     RETURNING *
   ), e AS (
     INSERT INTO job_event (job_id, seq, type) SELECT id, 1, 'accepted' FROM j
   )
   SELECT ${STATUS_COLUMNS} FROM j`,
);

/** Accepts a job that this very node runs at once: it is born running, under a lease. */
const ACCEPT_RUNNING = new Statement<JobStatusRow>(
  'job_accept_running',
  `WITH j AS (
     INSERT INTO job (id, process_id, process_version, state_type, state_name, inputs, staged, response,
                      seq, epoch, worker_id, lease_until, started_at)
     VALUES ($1, $2, $3, 'RUNNING', 'Running', $4, $5, $6, 2, 1, $7, now() + $8 * interval '1 ms', now())
     RETURNING *
   ), e AS (
     INSERT INTO job_event (job_id, seq, type) SELECT id, s, t FROM j, (VALUES (1, 'accepted'), (2, 'started')) v (s, t)
   )
   SELECT ${STATUS_COLUMNS} FROM j`,
);

/** Brings jobs into the world. */
@Injectable()
export class JobAcceptance {
  constructor(private readonly database: Database) {}

  /** Stores a job that waits for a worker. */
  async accept(job: NewJob): Promise<JobStatusRow> {
    const [row] = await this.database.execute(ACCEPT, this.values(job));
    return row!;
  }

  /**
   * Stores a job that this node has begun to run, in epoch 1.
   * @param lease milliseconds until the job is taken from a node that went silent
   */
  async acceptRunning(job: NewJob, workerId: string, lease: number): Promise<JobStatusRow> {
    const [row] = await this.database.execute(ACCEPT_RUNNING, [...this.values(job), workerId, lease]);
    return row!;
  }

  private values(job: NewJob): unknown[] {
    return [
      job.id,
      job.processId,
      job.processVersion,
      JSON.stringify(job.inputs),
      job.staged === undefined ? null : JSON.stringify(job.staged),
      JSON.stringify(job.response),
    ];
  }
}
