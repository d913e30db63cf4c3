import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { Statement } from '../../database/statement.js';
import { storableJson, storableText } from '../../database/storable-text.js';
import type { ExecutionFault } from '../../engine/execution-unit.js';
import { ChangeAnnouncer } from '../../jobs/change-announcer.js';
import type { StateType } from '../../jobs/job-state.js';
import type { HeldLease, Redispatch } from '../../jobs/store/job-leases.js';
import { OWNED, RAN_MS, TASKS_RUN } from '../../jobs/store/conditions.js';
import { AWAITS_TASKS, ELSEWHERE, resetFailures } from './step-row.js';

/** What became of a job that gave its worker free. */
export interface Suspension extends Redispatch {
  readonly state_type: StateType;
  readonly state_name: string;
  /** Milliseconds until it may go on by itself, 0 for now; nothing when only somebody else can make it go on. */
  readonly due_in: number | null;
}

interface Attempted {
  readonly owned: boolean;
  readonly suspended: Suspension | null;
}

/**
 * One row: what the steps of job `$1` wait for. A task that called them and was suspended with them waits for nothing
 * else; what is inside of a task that another worker has is that worker's business.
 */
const WAITING = `SELECT j.signals,
       count(*) FILTER (WHERE t.ready) > 0 OR count(t.key) = 0 OR j.signals <> coalesce($3::int, j.signals) AS is_ready,
       count(*) FILTER (WHERE t.elsewhere) AS elsewhere,
       (array_agg(t.message ORDER BY t.seq) FILTER (WHERE t.state_name = 'AwaitingWorker' AND t.message IS NOT NULL))[1]
         AS absent,
       count(*) FILTER (WHERE t.state_type = 'PAUSED') AS questions,
       count(*) FILTER (WHERE t.kind = 'process') AS jobs,
       (array_agg(t.name ORDER BY t.seq) FILTER (WHERE t.state_type = 'PAUSED'))[1] AS question,
       count(*) FILTER (WHERE t.state_name = 'AwaitingConcurrencySlot') AS slots,
       (array_agg(t.message ORDER BY t.seq) FILTER (WHERE t.state_name = 'AwaitingConcurrencySlot'))[1] AS slot,
       min(t.wake_at) FILTER (WHERE NOT t.elsewhere) AS due_at,
       (array_agg(t.state_name ORDER BY t.wake_at) FILTER (WHERE t.state_type = 'SCHEDULED'))[1] AS timer
     FROM job j LEFT JOIN LATERAL (
       SELECT t.key, t.seq, t.kind, t.name, t.state_type, t.state_name, t.message, t.wake_at, ${ELSEWHERE} AS elsewhere, CASE
         WHEN ${ELSEWHERE} THEN false
         WHEN t.state_name = 'AwaitingConcurrencySlot' THEN false
         WHEN t.state_type = 'PAUSED' THEN t.answer IS NOT NULL OR t.wake_at <= now()
         WHEN t.kind = 'process' THEN c.id IS NULL OR c.state_type IN ('COMPLETED', 'FAILED', 'CRASHED', 'CANCELLED')
         ELSE t.wake_at IS NULL OR t.wake_at <= now() END AS ready
       FROM task_run t LEFT JOIN job c ON c.id = t.child_id
       WHERE t.job_id = j.id AND (t.state_type IN ('SCHEDULED', 'PAUSED')
         OR t.state_type = 'RUNNING' AND t.kind = 'process' OR ${ELSEWHERE})
         AND t.state_name <> 'Suspended' AND (t.parent IS NULL OR NOT EXISTS (SELECT FROM task_run r
           WHERE r.job_id = j.id AND (r.dispatched_at IS NOT NULL OR r.lease_until IS NOT NULL)
             AND starts_with(t.key, r.key || '/')))
     ) t ON true
     WHERE j.id = $1 GROUP BY j.signals`;

/**
 * Suspends a job by what its steps wait for. A signal that came since the steps were looked at makes the statement do
 * nothing: it is to be asked again. So is a wish to pause that came meanwhile taken as it is when the row is locked.
 */
const SUSPEND = new Statement<Attempted>(
  'job_suspend',
  `WITH w AS MATERIALIZED (
     ${WAITING}
   ), j AS (
     UPDATE job SET
       state_type = CASE WHEN pause_requested OR NOT w.is_ready AND w.questions + w.jobs + w.elsewhere > 0 THEN 'PAUSED'
         ELSE 'SCHEDULED' END,
       state_name = CASE WHEN pause_requested THEN 'Paused' WHEN w.is_ready THEN 'Resuming'
         WHEN w.questions + w.jobs + w.elsewhere > 0 THEN 'Suspended'
         WHEN w.slots > 0 THEN 'AwaitingConcurrencySlot' ELSE w.timer END,
       due_at = CASE WHEN pause_requested OR w.is_ready THEN NULL ELSE w.due_at END,
       waiting_reason = CASE WHEN pause_requested THEN 'is paused' WHEN w.is_ready THEN NULL
         WHEN w.questions > 0 THEN 'waits for an answer to "' || w.question || '"'
         WHEN w.jobs > 0 THEN 'waits for ' || w.jobs || ' job(s) that it started'
         WHEN w.elsewhere > 0 THEN coalesce(w.absent, '${AWAITS_TASKS}')
         WHEN w.slots > 0 THEN w.slot END,
       dispatches = dispatches + CASE WHEN pause_requested OR NOT w.is_ready AND w.due_at IS NULL THEN 0 ELSE 1 END,
       ran_ms = ${RAN_MS}, claimed_at = CASE WHEN ${TASKS_RUN()} THEN now() END, lease_until = NULL, worker_id = NULL,
       updated_at = now(), seq = seq + 1
     FROM w WHERE ${OWNED} AND job.signals = w.signals
     RETURNING id, dispatches, state_type, state_name, job.due_at, seq, w.is_ready
   ), e AS (
     INSERT INTO job_event (job_id, seq, type, data)
     SELECT id, seq, CASE state_name WHEN 'Paused' THEN 'paused' ELSE 'suspended' END,
       json_strip_nulls(json_build_object('reason', state_name, 'until', due_at)) FROM j
   )
   SELECT (epoch = $2 AND state_type = 'RUNNING') AS owned, (
     SELECT json_build_object('id', id, 'dispatches', dispatches, 'state_type', state_type, 'state_name', state_name,
       'due_in', CASE WHEN state_name = 'Resuming' THEN 0
         WHEN due_at IS NOT NULL THEN greatest(0, extract(epoch FROM due_at - now()) * 1000) END) FROM j) AS suspended
   FROM job WHERE id = $1`,
);

/**
 * The job is tried again because its process failed and wants to be: what failed is done anew, what succeeded is not.
 */
const RETRY = new Statement<Redispatch>(
  'job_retry',
  `WITH j AS (
     UPDATE job SET state_type = 'SCHEDULED', state_name = 'AwaitingRetry', attempts = attempts + 1, message = $4,
       due_at = now() + $3::float8 * interval '1 ms', dispatches = dispatches + 1,
       ran_ms = ${RAN_MS}, claimed_at = CASE WHEN ${TASKS_RUN()} THEN now() END, lease_until = NULL, worker_id = NULL,
       updated_at = now(), seq = seq + 1
     WHERE ${OWNED}
     RETURNING id, dispatches, due_at, attempts, seq
   ), ${resetFailures('j', 'true')}, e AS (
     INSERT INTO job_event (job_id, seq, type, data)
     SELECT id, seq, 'retrying', json_build_object('attempt', attempts + 1, 'retryAt', due_at, 'fault', $5::json) FROM j
   )
   SELECT id, dispatches FROM j`,
);

/** Jobs that give their worker free and go on later. */
@Injectable()
export class JobSuspension {
  constructor(
    private readonly database: Database,
    private readonly announcer: ChangeAnnouncer,
  ) {}

  /**
   * @param signals of the job, as far as the run that ends now has seen them; with more of them it goes on at once
   * @returns nothing when the job is not this claim's any more, or is being dismissed
   */
  async suspend(held: HeldLease, signals?: number): Promise<Suspension | undefined> {
    for (;;) {
      const [row] = await this.database.execute(SUSPEND, [held.id, held.epoch, signals ?? null]);
      if (row?.suspended) {
        this.announcer.announce(held.id);
        return row.suspended;
      }
      if (!row?.owned) return undefined;
    }
  }

  /**
   * @param delay milliseconds
   * @param fault why the attempt failed
   * @returns nothing when the job is not this claim's any more, or is being dismissed
   */
  async retry(held: HeldLease, delay: number, fault: ExecutionFault): Promise<Redispatch | undefined> {
    const json = storableJson(JSON.stringify(fault));
    const [row] = await this.database.execute(RETRY, [held.id, held.epoch, delay, storableText(fault.detail), json]);
    if (row !== undefined) this.announcer.announce(row.id);
    return row;
  }
}
