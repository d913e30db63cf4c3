import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { Statement } from '../../database/statement.js';
import { ChangeAnnouncer } from '../change-announcer.js';
import type { StateType } from '../job-state.js';
import type { StagedInputs } from '../job.types.js';
import { CALLBACK_COLUMNS, oweCallback, WAKE_CALLBACKS } from './callback-outbox.js';
import { OWNED } from './ownership.js';

/** A job as its worker needs it. `epoch` fences every later write. */
export interface ClaimedJob {
  readonly id: string;
  readonly epoch: number;
  readonly process_id: string;
  readonly process_version: string;
  readonly inputs: Record<string, unknown>;
  readonly staged: StagedInputs | null;
}

/** A job this node believes it owns. */
export interface HeldLease {
  readonly id: string;
  readonly epoch: number;
}

export interface RenewedLease extends HeldLease {
  readonly state_type: StateType;
}

/** A job that goes back to the queue. */
export interface Redispatch {
  readonly id: string;
  readonly dispatches: number;
}

const CLAIM = new Statement<ClaimedJob>(
  'job_claim',
  `WITH j AS (
     UPDATE job SET state_type = 'RUNNING', state_name = 'Running', epoch = epoch + 1, worker_id = $2,
       message = NULL, progress = NULL,
       lease_until = now() + $3 * interval '1 ms', started_at = coalesce(started_at, now()), updated_at = now(),
       seq = seq + 1
     WHERE id = $1 AND state_type IN ('SCHEDULED', 'PENDING')
     RETURNING ${CALLBACK_COLUMNS}, epoch, inputs, staged
   ), e AS (
     INSERT INTO job_event (job_id, seq, type, data)
     SELECT id, seq, 'started', json_build_object('attempt', epoch, 'worker', $2::text) FROM j
   ), ${oweCallback('inProgressUri')}
   SELECT id, epoch, process_id, process_version, inputs, staged, ${WAKE_CALLBACKS} FROM j`,
);

const RENEW = new Statement<RenewedLease>(
  'job_renew',
  `WITH j AS (
     UPDATE job SET lease_until = now() + $3 * interval '1 ms'
     FROM unnest($1::uuid[], $2::int[]) AS held (id, epoch)
     WHERE job.id = held.id AND job.epoch = held.epoch AND job.state_type IN ('RUNNING', 'CANCELLING')
     RETURNING job.id, job.epoch, job.state_type
   )
   SELECT id, epoch, state_type FROM j`,
);

const HAND_BACK = new Statement<Redispatch>(
  'job_hand_back',
  `WITH j AS (
     UPDATE job SET state_type = 'SCHEDULED', state_name = 'Scheduled', worker_id = NULL, lease_until = NULL,
       dispatches = dispatches + 1, updated_at = now(), seq = seq + 1
     WHERE ${OWNED}
     RETURNING id, dispatches, seq
   ), e AS (
     INSERT INTO job_event (job_id, seq, type, data)
     SELECT id, seq, 'handed-back', json_build_object('reason', $3::text) FROM j
   )
   SELECT id, dispatches FROM j`,
);

/**
 * Ownership of running jobs: a claim starts a new epoch, a lease on the database's clock says until when it holds.
 * No clock but the database's decides, so a node with a wrong clock neither steals nor loses a job.
 */
@Injectable()
export class JobLeases {
  constructor(
    private readonly database: Database,
    private readonly announcer: ChangeAnnouncer,
  ) {}

  /**
   * Takes a waiting job. @param lease in milliseconds
   * @returns nothing when the job is not waiting: taken by another, dismissed, finished or removed
   */
  async claim(jobId: string, workerId: string, lease: number): Promise<ClaimedJob | undefined> {
    const [row] = await this.database.execute(CLAIM, [jobId, workerId, lease]);
    if (row !== undefined) this.announcer.announce(row.id);
    return row;
  }

  /** Renews all leases of this node in one statement. @returns those that still hold; the others are lost */
  renew(held: readonly HeldLease[], lease: number): Promise<RenewedLease[]> {
    return this.database.execute(RENEW, [held.map(({ id }) => id), held.map(({ epoch }) => epoch), lease]);
  }

  /** Gives a running job back to the queue, as a worker does that shuts down. It counts as no failure. */
  async handBack(held: HeldLease, reason: string): Promise<Redispatch | undefined> {
    const [row] = await this.database.execute(HAND_BACK, [held.id, held.epoch, reason]);
    if (row !== undefined) this.announcer.announce(row.id);
    return row;
  }
}
