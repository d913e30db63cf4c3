import { Injectable } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import { Database } from '../../database/database.js';
import { Statement } from '../../database/statement.js';
import { ChangeAnnouncer } from '../change-announcer.js';
import { CANCEL_CHANNEL, JOB_CHANNEL } from '../job-channels.js';
import { JobDispatch } from '../job-dispatch.js';
import type { StateType } from '../job-state.js';
import { acceptedFrom } from '../state-machine.js';
import { CALLBACK_COLUMNS, oweCallback, WAKE_CALLBACKS } from './callback-outbox.js';
import { type JobStatusRow, STATUS_COLUMNS } from './job-row.js';
import { DISMISSABLE, isIn, SUSPENDED, TERMINAL, UNFINISHED, WAITS } from './conditions.js';
import type { HeldLease } from './job-leases.js';
import { REMOVE_FILES } from './file-removal.js';
import { LOCK_PARENT, PARENT_LOCKED, RESUMED_PARENT, resumeParent, type ResumingParent } from './parent-resumption.js';

interface Requested extends ResumingParent {
  readonly id: string;
  readonly state_type: StateType;
}

/** A job that has code to end is asked to; the others are dismissed at once (rule T9). */
const IS_ASKED = isIn(acceptedFrom('CANCELLING'));
/** What is only confirmed has been asked for. */
const CONFIRMABLE = acceptedFrom('CANCELLED').filter((type) => !DISMISSABLE.includes(type));

/** What a dismissed job says when somebody asked for it; what its code said last would say nothing of its end. */
export const DISMISSED = 'The job was dismissed';
/** Why a job is dismissed whose parent is. */
export const WITH_ITS_PARENT = 'The job whose step started it was dismissed.';

/**
 * A job that runs is asked to stop; one that does not run is dismissed at once. The same for all jobs that its steps
 * started, and theirs.
 */
const REQUEST = new Statement<Requested>(
  'job_cancel_request',
  `WITH RECURSIVE tree AS (
     SELECT id, $3::text AS reason FROM job WHERE id = $1 AND (${UNFINISHED} OR state_type = 'CANCELLED')
     UNION
     SELECT child.id, '${WITH_ITS_PARENT}' FROM tree JOIN job child ON child.parent_id = tree.id
   ), l AS MATERIALIZED (
     SELECT id, ${SUSPENDED} AS suspended FROM job
     WHERE id IN (SELECT id FROM tree UNION ALL SELECT parent_id FROM job WHERE id = $1) AND ${UNFINISHED}
     ORDER BY id FOR NO KEY UPDATE
   ), p AS (
     SELECT id, suspended FROM l WHERE id NOT IN (SELECT id FROM tree)
   ), j AS (
     UPDATE job SET
       state_type = CASE WHEN ${IS_ASKED} THEN 'CANCELLING' ELSE 'CANCELLED' END,
       state_name = CASE WHEN ${IS_ASKED} THEN 'Cancelling' ELSE 'Cancelled' END,
       finished_at = CASE WHEN ${IS_ASKED} THEN NULL ELSE now() END,
       expires_at = CASE WHEN ${IS_ASKED} THEN NULL ELSE now() + $2 * interval '1 ms' END,
       message = coalesce(tree.reason, CASE WHEN ${IS_ASKED} THEN message ELSE '${DISMISSED}' END),
       due_at = NULL, waiting_reason = NULL, cancel_requested_at = now(), updated_at = now(), seq = seq + 1
     FROM l JOIN tree USING (id)
     WHERE job.id = l.id AND ${isIn(DISMISSABLE)}
     RETURNING ${CALLBACK_COLUMNS.replaceAll(/\w+/g, 'job.$&')}, tree.reason
   ), e AS (
     INSERT INTO job_event (job_id, seq, type, data)
     SELECT id, seq, CASE state_type WHEN 'CANCELLING' THEN 'dismiss-requested' ELSE 'dismissed' END,
       CASE WHEN reason IS NOT NULL THEN json_build_object('detail', reason) END FROM j
   ), ${oweCallback('failedUri', `j.state_type = 'CANCELLED'`)},
   ${resumeParent(`j.id = $1 AND j.state_type = 'CANCELLED'`)}
   SELECT id, state_type, ${RESUMED_PARENT}, ${WAKE_CALLBACKS},
     pg_notify(CASE state_type WHEN 'CANCELLING' THEN '${CANCEL_CHANNEL}' ELSE '${JOB_CHANNEL}' END, id::text)
   FROM j`,
);

/**
 * The end of a cancelling job, said by its worker (epoch given) or by force (no epoch: the worker is fenced off). The
 * reason it was asked with is told again, if there was one.
 */
const CONFIRM = new Statement<{ id: string } & ResumingParent>(
  'job_cancel_confirm',
  `WITH ${LOCK_PARENT}, request AS (
     SELECT data->>'detail' AS reason FROM job_event WHERE job_id = $1 AND type = 'dismiss-requested'
     ORDER BY seq DESC LIMIT 1
   ), j AS (
     UPDATE job SET state_type = 'CANCELLED', state_name = 'Cancelled', lease_until = NULL, finished_at = now(),
       message = coalesce((SELECT reason FROM request), '${DISMISSED}'), updated_at = now(), expires_at = now() + $3 * interval '1 ms', seq = seq + 1,
       epoch = epoch + CASE WHEN $2::int IS NULL THEN 1 ELSE 0 END
     WHERE id = $1 AND ${isIn(CONFIRMABLE)} AND epoch = coalesce($2::int, epoch) AND ${PARENT_LOCKED}
     RETURNING ${CALLBACK_COLUMNS}
   ), e AS (
     INSERT INTO job_event (job_id, seq, type, data)
     SELECT id, seq, 'dismissed', nullif(json_strip_nulls(json_build_object('forced', CASE WHEN $2::int IS NULL THEN true END,
       'detail', (SELECT reason FROM request)))::text, '{}')::json FROM j
   ), ${oweCallback('failedUri')}, ${resumeParent()}
   SELECT id, pg_notify('${JOB_CHANNEL}', id::text), ${RESUMED_PARENT}, ${WAKE_CALLBACKS} FROM j`,
);

/** A job that waits is not going to run. */
const REFUSE = new Statement<{ id: string } & ResumingParent>(
  'job_refuse',
  `WITH ${LOCK_PARENT}, j AS (
     UPDATE job SET state_type = 'CANCELLED', state_name = 'Cancelled', message = $3, waiting_reason = NULL,
       due_at = NULL, finished_at = now(), updated_at = now(), expires_at = now() + $2 * interval '1 ms', seq = seq + 1
     WHERE id = $1 AND ${WAITS} AND ${PARENT_LOCKED}
     RETURNING ${CALLBACK_COLUMNS}
   ), e AS (
     INSERT INTO job_event (job_id, seq, type, data)
     SELECT id, seq, 'dismissed', json_build_object('detail', $3::text) FROM j
   ), ${oweCallback('failedUri')}, ${resumeParent()}
   SELECT id, ${RESUMED_PARENT}, ${WAKE_CALLBACKS} FROM j`,
);

/** Calls about the status are still made, they carry what they tell; one about results goes with the results. */
const REMOVE = new Statement<JobStatusRow>(
  'job_remove',
  `WITH j AS (
     DELETE FROM job WHERE id = $1 AND ${isIn(TERMINAL)} RETURNING *
   ), ${REMOVE_FILES}, c AS (
     DELETE FROM job_callback USING j WHERE job_id = j.id AND kind = 'successUri'
   )
   SELECT ${STATUS_COLUMNS} FROM j`,
);

/** Dismissal of jobs (OGC 18-062r2 `/req/dismiss/job-dismiss-op`). */
@Injectable()
export class JobCancellation {
  constructor(
    private readonly database: Database,
    private readonly announcer: ChangeAnnouncer,
    private readonly dispatch: JobDispatch,
    private readonly settings: Settings,
  ) {}

  /**
   * Asks for the end of an unfinished job and of all jobs that its steps started. A job that is being asked starts no
   * more of them; those that it started meanwhile are found by looking again.
   * @param reason a sentence for its client, when nobody has asked for it
   * @returns its new state; nothing when the job is finished or unknown
   */
  async request(jobId: string, reason: string | null = null): Promise<StateType | undefined> {
    let state: StateType | undefined;
    for (;;) {
      const asked = await this.database.execute(REQUEST, [jobId, this.settings.JOB_TTL, reason]);
      this.resume(asked);
      state ??= asked.find(({ id }) => id === jobId)?.state_type;
      if (asked.length === 0) return state;
    }
  }

  /** Dismisses a waiting job on behalf of the service. @param reason a sentence for its client @returns false when it does not wait */
  async refuse(jobId: string, reason: string): Promise<boolean> {
    const rows = await this.database.execute(REFUSE, [jobId, this.settings.JOB_TTL, reason]);
    this.resume(rows);
    for (const { id } of rows) this.announcer.announceEnd(id);
    return rows.length > 0;
  }

  /** The worker says that the code of the job has ended. */
  async confirm(held: HeldLease): Promise<boolean> {
    return await this.end(held.id, held.epoch);
  }

  /** Ends a cancelling job whose worker does not answer; the worker's epoch becomes stale. */
  async force(jobId: string): Promise<boolean> {
    return await this.end(jobId, null);
  }

  /** Removes a finished job with all that belongs to it. @returns its last status; nothing when it is not finished */
  async remove(jobId: string): Promise<JobStatusRow | undefined> {
    const [row] = await this.database.execute(REMOVE, [jobId]);
    return row;
  }

  private async end(jobId: string, epoch: number | null): Promise<boolean> {
    const rows = await this.database.execute(CONFIRM, [jobId, epoch, this.settings.JOB_TTL]);
    this.resume(rows);
    return rows.length > 0;
  }

  private resume(ended: readonly ResumingParent[]): void {
    const parent = ended.find(({ resumed }) => resumed !== null)?.resumed;
    if (!parent) return;
    this.announcer.announce(parent.id);
    this.dispatch.dispatch(parent);
  }
}
