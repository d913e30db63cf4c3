import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { Statement } from '../../database/statement.js';
import type { JobSubscriber, ResponsePreferences, StagedInputs } from '../job.types.js';
import { oweCallback, WAKE_CALLBACKS } from './callback-outbox.js';
import { type JobStatusRow, STATUS_COLUMNS } from './job-row.js';

export interface NewJob {
  readonly id: string;
  readonly processId: string;
  readonly processVersion: string;
  /** JSON values; what is staged as a file is left out */
  readonly inputs: Record<string, unknown>;
  readonly staged?: StagedInputs;
  readonly response: ResponsePreferences;
  /** Whom to call back; the URLs in the form that `URL` gives them. */
  readonly subscriber?: JobSubscriber;
  /** The request in the client's own words, see {@link AcceptedJob}. */
  readonly idempotency?: Idempotency;
}

/** Names a request, so that its repetition does not execute it again. */
export interface Idempotency {
  readonly key: string;
  /** Tells requests of the same key apart. */
  readonly digest: string;
}

/** The job of a request: the new one, or under another id the one that already has its idempotency key. */
export interface AcceptedJob extends JobStatusRow {
  readonly request_digest: string | null;
}

/**
 * A key that is taken gives the row that has it, also when it was committed while this statement waited for it; DO
 * NOTHING would give no row at all then.
 */
const OR_EXISTING = `ON CONFLICT (idempotency_key) WHERE idempotency_key IS NOT NULL
       DO UPDATE SET idempotency_key = excluded.idempotency_key`;

/** Accepts a job: the row and its first event become visible together, or not at all (promise P1). */
const ACCEPT = new Statement<AcceptedJob>(
  'job_accept',
  `WITH j AS (
     INSERT INTO job (id, process_id, process_version, state_type, state_name, inputs, staged, response,
                      idempotency_key, request_digest, subscriber, seq)
     VALUES ($1, $2, $3, 'SCHEDULED', 'Scheduled', $4, $5, $6, $7, $8, $9, 1)
     ${OR_EXISTING}
     RETURNING *
   ), e AS (
     INSERT INTO job_event (job_id, seq, type) SELECT id, 1, 'accepted' FROM j WHERE id = $1
   )
   SELECT ${STATUS_COLUMNS}, j.request_digest FROM j`,
);

/** Accepts a job that this very node runs at once: it is born running, under a lease. */
const ACCEPT_RUNNING = new Statement<AcceptedJob>(
  'job_accept_running',
  `WITH j AS (
     INSERT INTO job (id, process_id, process_version, state_type, state_name, inputs, staged, response,
                      idempotency_key, request_digest, subscriber, seq, epoch, worker_id, lease_until, started_at)
     VALUES ($1, $2, $3, 'RUNNING', 'Running', $4, $5, $6, $7, $8, $9, 2, 1, $10, now() + $11 * interval '1 ms', now())
     ${OR_EXISTING}
     RETURNING *
   ), e AS (
     INSERT INTO job_event (job_id, seq, type)
     SELECT id, s, t FROM j, (VALUES (1, 'accepted'), (2, 'started')) v (s, t) WHERE id = $1
   ), ${oweCallback('inProgressUri', 'j.id = $1')}
   SELECT ${STATUS_COLUMNS}, j.request_digest, ${WAKE_CALLBACKS} FROM j`,
);

/** Brings jobs into the world. */
@Injectable()
export class JobAcceptance {
  constructor(private readonly database: Database) {}

  /** Stores a job that waits for a worker. @returns it, or the job that has its idempotency key */
  async accept(job: NewJob): Promise<AcceptedJob> {
    const [row] = await this.database.execute(ACCEPT, this.values(job));
    return row;
  }

  /**
   * Stores a job that this node has begun to run, in epoch 1.
   * @param lease milliseconds until the job is taken from a node that went silent
   * @returns it, or the job that has its idempotency key
   */
  async acceptRunning(job: NewJob, workerId: string, lease: number): Promise<AcceptedJob> {
    const [row] = await this.database.execute(ACCEPT_RUNNING, [...this.values(job), workerId, lease]);
    return row;
  }

  private values(job: NewJob): unknown[] {
    return [
      job.id,
      job.processId,
      job.processVersion,
      JSON.stringify(job.inputs),
      job.staged === undefined ? null : JSON.stringify(job.staged),
      JSON.stringify(job.response),
      job.idempotency?.key ?? null,
      job.idempotency?.digest ?? null,
      job.subscriber === undefined ? null : JSON.stringify(job.subscriber),
    ];
  }
}
