import { Injectable } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import { Database } from '../../database/database.js';
import { Statement } from '../../database/statement.js';
import { CANCEL_CHANNEL, JOB_CHANNEL } from '../job-channels.js';
import type { StateType } from '../job-state.js';
import { CALLBACK_COLUMNS, oweCallback, WAKE_CALLBACKS } from './callback-outbox.js';
import { type JobStatusRow, STATUS_COLUMNS } from './job-row.js';
import type { HeldLease } from './job-leases.js';

interface Requested {
  readonly state_type: StateType;
}

/** A job that runs is asked to stop; one that does not run is dismissed at once. */
const REQUEST = new Statement<Requested>(
  'job_cancel_request',
  `WITH j AS (
     UPDATE job SET
       state_type = CASE WHEN state_type = 'RUNNING' THEN 'CANCELLING' ELSE 'CANCELLED' END,
       state_name = CASE WHEN state_type = 'RUNNING' THEN 'Cancelling' ELSE 'Cancelled' END,
       finished_at = CASE WHEN state_type = 'RUNNING' THEN NULL ELSE now() END,
       expires_at = CASE WHEN state_type = 'RUNNING' THEN NULL ELSE now() + $2 * interval '1 ms' END,
       cancel_requested_at = now(), updated_at = now(), seq = seq + 1
     WHERE id = $1 AND state_type IN ('SCHEDULED', 'PENDING', 'PAUSED', 'RUNNING')
     RETURNING ${CALLBACK_COLUMNS}
   ), e AS (
     INSERT INTO job_event (job_id, seq, type)
     SELECT id, seq, CASE state_type WHEN 'CANCELLING' THEN 'dismiss-requested' ELSE 'dismissed' END FROM j
   ), ${oweCallback('failedUri', `j.state_type = 'CANCELLED'`)}
   SELECT state_type, ${WAKE_CALLBACKS},
     pg_notify(CASE state_type WHEN 'CANCELLING' THEN '${CANCEL_CHANNEL}' ELSE '${JOB_CHANNEL}' END, id::text)
   FROM j`,
);

/** The end of a cancelling job, said by its worker (epoch given) or by force (no epoch: the worker is fenced off). */
const CONFIRM = new Statement<{ id: string }>(
  'job_cancel_confirm',
  `WITH j AS (
     UPDATE job SET state_type = 'CANCELLED', state_name = 'Cancelled', lease_until = NULL, finished_at = now(),
       updated_at = now(), expires_at = now() + $3 * interval '1 ms', seq = seq + 1,
       epoch = epoch + CASE WHEN $2::int IS NULL THEN 1 ELSE 0 END
     WHERE id = $1 AND state_type = 'CANCELLING' AND epoch = coalesce($2::int, epoch)
     RETURNING ${CALLBACK_COLUMNS}
   ), e AS (
     INSERT INTO job_event (job_id, seq, type, data)
     SELECT id, seq, 'dismissed', CASE WHEN $2::int IS NULL THEN '{"forced":true}'::json END FROM j
   ), ${oweCallback('failedUri')}
   SELECT id, pg_notify('${JOB_CHANNEL}', id::text), ${WAKE_CALLBACKS} FROM j`,
);

const REMOVE = new Statement<JobStatusRow>(
  'job_remove',
  `WITH j AS (
     DELETE FROM job WHERE id = $1 AND state_type IN ('COMPLETED', 'FAILED', 'CRASHED', 'CANCELLED') RETURNING *
   )
   SELECT ${STATUS_COLUMNS} FROM j`,
);

/** Dismissal of jobs (OGC 18-062r2 `/req/dismiss/job-dismiss-op`). */
@Injectable()
export class JobCancellation {
  constructor(
    private readonly database: Database,
    private readonly settings: Settings,
  ) {}

  /** Asks for the end of an unfinished job. @returns its new state; nothing when the job is finished or unknown */
  async request(jobId: string): Promise<StateType | undefined> {
    const [row] = await this.database.execute(REQUEST, [jobId, this.settings.JOB_TTL]);
    return row?.state_type;
  }

  /** The worker says that the code of the job has ended. */
  async confirm(held: HeldLease): Promise<boolean> {
    const rows = await this.database.execute(CONFIRM, [held.id, held.epoch, this.settings.JOB_TTL]);
    return rows.length > 0;
  }

  /** Ends a cancelling job whose worker does not answer; the worker's epoch becomes stale. */
  async force(jobId: string): Promise<boolean> {
    const rows = await this.database.execute(CONFIRM, [jobId, null, this.settings.JOB_TTL]);
    return rows.length > 0;
  }

  /** Removes a finished job with all that belongs to it. @returns its last status; nothing when it is not finished */
  async remove(jobId: string): Promise<JobStatusRow | undefined> {
    const [row] = await this.database.execute(REMOVE, [jobId]);
    return row;
  }
}
