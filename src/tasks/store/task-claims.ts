import { Injectable } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import { Database } from '../../database/database.js';
import { Statement } from '../../database/statement.js';
import { storableJson } from '../../database/storable-text.js';
import type { ProcessFault } from '../../flows/process-fault.js';
import type { RemoteArguments } from '../../flows/step-journal.js';
import { ChangeAnnouncer } from '../../jobs/change-announcer.js';
import { JobDispatch } from '../../jobs/job-dispatch.js';
import type { StateType } from '../../jobs/job-state.js';
import {
  countTime,
  lockClaimedTask,
  lockTask,
  RESUMED_EVENT,
  RESUMED_JOB,
  RESUMES,
  resumeJob,
} from '../../jobs/store/claim-fence.js';
import { acceptedFrom, changedBy } from '../../jobs/state-machine.js';
import { DISMISSABLE, isIn, RAN_MS, SUSPENDED, TERMINAL } from '../../jobs/store/conditions.js';
import { type ClaimedJob, COMPATIBILITY, type HeldLease, type Redispatch } from '../../jobs/store/job-leases.js';
import { AWAITS_TASKS, INNER_READY } from './step-row.js';

/** A task claimed apart from its job. */
export interface HeldTask extends HeldLease {
  readonly task: string;
}

/** A task as its worker needs it; `epoch` is the number of the task's claim. */
export interface ClaimedTask extends Omit<ClaimedJob, 'signals'>, HeldTask {
  readonly name: string;
  readonly attempt: number;
  /** JSON text: what was answered to the attempt before. */
  readonly answer: string | null;
  readonly arguments: RemoteArguments;
  readonly input_hash: string;
  readonly after: readonly string[];
}

/** Why a claim gave nothing although the task waits. */
export interface TaskPostponement {
  readonly dispatches: number;
  readonly known: boolean;
}

/** A lease that was prolonged, with the state of the job. */
export interface RenewedTask extends HeldTask {
  readonly state_type: StateType;
}

interface Left {
  readonly resumed: Redispatch | null;
  /** The task's next queue entry. */
  readonly again: Redispatch | null;
}

/** A condition on the task `r`: the state table lets it come to this state. */
const mayBecome = (type: StateType, name: string, find = acceptedFrom) =>
  `r.${isIn(find({ type, name }, { isElsewhere: true, isRecoverable: true }, 'step'))}`;

/** Sets of a task that waits for a worker of its own. */
const AWAITS_WORKER = `state_type = 'PENDING', state_name = 'AwaitingWorker', dispatched_at = now(),
       dispatches = t.dispatches + 1, lease_until = NULL, worker_id = NULL`;

const AGAIN = `(SELECT json_build_object('id', $1::uuid, 'task', $3::text, 'dispatches', dispatches) FROM s
     WHERE state_name = 'AwaitingWorker') AS again`;

/** A task of a job that is to be paused is put back: it begins when the pause has ended. */
const CLAIM = new Statement<ClaimedTask>(
  'task_claim',
  `WITH ${lockTask(
    `r.key = $2 AND r.dispatched_at IS NOT NULL AND ${mayBecome('RUNNING', 'Running')}
       AND ${COMPATIBILITY} = ANY($5::text[])`,
    ', jl.pause_requested, r.message',
  )}, f AS (
     UPDATE job SET ran_ms = ${RAN_MS}, claimed_at = now(), seq = seq + 1, updated_at = now(),
       waiting_reason = CASE WHEN waiting_reason = own.message THEN '${AWAITS_TASKS}' ELSE waiting_reason END
     FROM own WHERE job.id = own.job_id AND NOT own.pause_requested
     RETURNING id, seq, ran_ms::float8 AS ran_ms
   ), p AS (
     UPDATE task_run t SET state_type = 'SCHEDULED', state_name = 'Paused', dispatched_at = NULL
     FROM own WHERE t.job_id = own.job_id AND t.key = $2 AND own.pause_requested
   ), s AS (
     UPDATE task_run t SET state_type = 'RUNNING',
       state_name = CASE WHEN t.attempt > 1 THEN 'Retrying' ELSE 'Running' END, epoch = t.epoch + 1, worker_id = $3,
       lease_until = now() + $4 * interval '1 ms', dispatched_at = NULL, started_at = now(), message = NULL
     FROM f WHERE t.job_id = f.id AND t.key = $2
     RETURNING t.*
   ), e AS (
     INSERT INTO job_event (job_id, seq, type, data)
     SELECT f.id, f.seq, 'task-started', json_build_object('task', $2, 'name', s.name, 'attempt', s.attempt,
       'worker', $3::text) FROM f, s
   )
   SELECT jl.id, s.key AS task, s.epoch, s.name, s.attempt, s.answer::text AS answer, s.arguments, s.input_hash, s.after,
     jl.process_id, jl.process_version, jl.inputs, jl.staged, jl.response, jl.attempts, jl.admission, f.ran_ms,
     jl.retry_of, jl.storage
   FROM jl, f, s`,
);

const POSTPONE = new Statement<TaskPostponement>(
  'task_postpone',
  `WITH w AS (
     SELECT t.job_id, t.key, t.dispatches, ${COMPATIBILITY} = ANY($3::text[]) AS known,
       'waits for a worker with ' || ${COMPATIBILITY} AS reason
     FROM task_run t JOIN job ON job.id = t.job_id
     WHERE t.job_id = $1 AND t.key = $2 AND t.dispatched_at IS NOT NULL AND job.${isIn(DISMISSABLE)}
   ), u AS (
     UPDATE task_run t SET message = w.reason FROM w
     WHERE t.job_id = w.job_id AND t.key = w.key AND NOT w.known AND t.message IS DISTINCT FROM w.reason
       AND t.dispatched_at IS NOT NULL
   ), j AS (
     UPDATE job SET waiting_reason = w.reason FROM w
     WHERE job.id = w.job_id AND NOT w.known AND ${SUSPENDED} AND job.waiting_reason = '${AWAITS_TASKS}'
   )
   SELECT dispatches, known FROM w`,
);

/**
 * Locks no job. A task is this worker's until its code has ended, also when its job has: whoever waits for its place
 * under a limit waits for that.
 */
const RENEW = new Statement<RenewedTask>(
  'task_renew',
  `WITH r AS (
     UPDATE task_run t SET lease_until = now() + $4 * interval '1 ms'
     FROM unnest($1::uuid[], $2::text[], $3::int[]) AS held (id, task, epoch) JOIN job ON job.id = held.id
     WHERE t.job_id = held.id AND t.key = held.task AND t.epoch = held.epoch AND t.lease_until IS NOT NULL
     RETURNING t.job_id AS id, t.key AS task, t.epoch, job.state_type
   )
   SELECT id, task, epoch, state_type FROM r`,
);

/** The code of a task has ended whose job has ended, or is being dismissed. */
const RELEASE = new Statement(
  'task_release',
  `UPDATE task_run t SET lease_until = NULL FROM job
   WHERE t.job_id = $1 AND t.epoch = $2 AND t.key = $3 AND job.id = t.job_id AND job.${isIn([...TERMINAL, 'CANCELLING'])}`,
);

const HAND_BACK = new Statement<Left>(
  'task_hand_back',
  `WITH ${lockClaimedTask('$3', '', mayBecome('PENDING', 'AwaitingWorker'))}, f AS (
     UPDATE job SET ${countTime('$3')}, seq = seq + 1, updated_at = now() FROM own WHERE job.id = own.job_id
     RETURNING id, seq
   ), s AS (
     UPDATE task_run t SET ${AWAITS_WORKER} FROM f WHERE t.job_id = f.id AND t.key = $3
     RETURNING t.name, t.state_name, t.dispatches
   ), e AS (
     INSERT INTO job_event (job_id, seq, type, data)
     SELECT f.id, f.seq, 'task-handed-back', json_build_object('task', $3::text, 'name', s.name) FROM f, s
   )
   SELECT NULL AS resumed, ${AGAIN} FROM f`,
);

/** The job was there before `$4` times; with a number below 0 the task is given up at once. */
const USED_UP = `own.recoveries >= $4`;

/** The task lost its worker, or has no time left: another worker takes it, or its job is given up by the flow's run. */
const CRASH = new Statement<Left>(
  'task_crash',
  `WITH ${lockClaimedTask('$3', ', r.recoveries', mayBecome('CRASHED', 'Crashed', changedBy))}, f AS (
     UPDATE job SET ${resumeJob(USED_UP)}, ${countTime('$3')} FROM own WHERE job.id = own.job_id
     RETURNING id, seq, dispatches, ${RESUMES(USED_UP)}, ${USED_UP} AS is_used_up
   ), s AS (
     UPDATE task_run t SET
       state_type = CASE WHEN is_used_up THEN $5 ELSE 'PENDING' END,
       state_name = CASE WHEN is_used_up THEN $6 ELSE 'AwaitingWorker' END,
       dispatched_at = CASE WHEN is_used_up THEN NULL ELSE now() END,
       dispatches = t.dispatches + (NOT is_used_up)::int, recoveries = t.recoveries + 1, lease_until = NULL,
       wake_at = NULL, fault = CASE WHEN is_used_up THEN $7::json END,
       finished_at = CASE WHEN is_used_up THEN now() END
     FROM f WHERE t.job_id = f.id AND t.key = $3
     RETURNING t.name, t.attempt, t.state_name, t.dispatches
   ), e AS (
     INSERT INTO job_event (job_id, seq, type, data)
     SELECT f.id, f.seq - f.resumes::int, CASE WHEN is_used_up THEN 'task-failed' ELSE 'task-crashed' END,
       json_build_object('task', $3::text, 'name', s.name, 'attempt', s.attempt, 'fault', $7::json) FROM f, s
   ), ${RESUMED_EVENT('$3')}
   SELECT ${RESUMED_JOB}, ${AGAIN} FROM f`,
);

/**
 * The steps inside of the task wait. When one of them is ready already the task goes on at once; else the flow's run
 * puts it back on the queue when it is told that something has come.
 */
const GOES_ON = `((own.is_ready OR $4::boolean) AND NOT own.pause_requested)`;
const SUSPEND = new Statement<Left>(
  'task_suspend',
  `WITH ${lockClaimedTask(
    '$3',
    `, jl.pause_requested, ${INNER_READY('r')} AS is_ready`,
    mayBecome('SCHEDULED', 'Suspended'),
  )}, f AS (
     UPDATE job SET ${resumeJob(`NOT ${GOES_ON}`)}, ${countTime('$3')} FROM own WHERE job.id = own.job_id
     RETURNING id, seq, dispatches, ${RESUMES(`NOT ${GOES_ON}`)}, ${GOES_ON} AS goes_on, own.pause_requested AS is_paused
   ), s AS (
     UPDATE task_run t SET
       state_type = CASE WHEN goes_on THEN 'PENDING' ELSE 'SCHEDULED' END,
       state_name = CASE WHEN goes_on THEN 'AwaitingWorker' WHEN is_paused THEN 'Paused' ELSE 'Suspended' END,
       dispatched_at = CASE WHEN goes_on THEN now() END, dispatches = t.dispatches + goes_on::int, lease_until = NULL,
       worker_id = NULL
     FROM f WHERE t.job_id = f.id AND t.key = $3
     RETURNING t.name, t.attempt, t.state_name, t.dispatches
   ), e AS (
     INSERT INTO job_event (job_id, seq, type, data)
     SELECT f.id, f.seq - f.resumes::int, 'task-suspended',
       json_build_object('task', $3::text, 'name', s.name, 'attempt', s.attempt) FROM f, s
   ), ${RESUMED_EVENT('$3')}
   SELECT ${RESUMED_JOB}, ${AGAIN} FROM f`,
);

/**
 * Ownership of tasks that have workers of their own, as `JobLeases` is of jobs: a claim has a number, a lease on the
 * database's clock says until when it holds.
 */
@Injectable()
export class TaskClaims {
  constructor(
    private readonly database: Database,
    private readonly announcer: ChangeAnnouncer,
    private readonly dispatch: JobDispatch,
    private readonly settings: Settings,
  ) {}

  /**
   * Takes a task that waits for a worker.
   * @param known what the worker can run, see `compatibilityKey`
   * @returns nothing when the task is not to be had
   */
  async claim(
    jobId: string,
    task: string,
    workerId: string,
    lease: number,
    known: readonly string[],
  ): Promise<ClaimedTask | undefined> {
    const [row] = await this.database.execute(CLAIM, [jobId, task, workerId, lease, known]);
    if (row !== undefined) this.announcer.announce(row.id);
    return row;
  }

  /** Notes on a task that could not be claimed that it waits for another worker. @returns nothing when it does not wait */
  async postponed(jobId: string, task: string, known: readonly string[]): Promise<TaskPostponement | undefined> {
    return (await this.database.execute(POSTPONE, [jobId, task, known]))[0];
  }

  /** Renews all leases of this node in one statement. @returns those that still hold */
  renew(held: readonly HeldTask[], lease: number): Promise<RenewedTask[]> {
    const columns = [held.map(({ id }) => id), held.map(({ task }) => task), held.map(({ epoch }) => epoch)];
    return this.database.execute(RENEW, [...columns, lease]);
  }

  /** The code of the task has ended. Says nothing of one whose job goes on: then it is lost, or was put on record. */
  async release(held: HeldTask): Promise<void> {
    await this.database.execute(RELEASE, [held.id, held.epoch, held.task]);
  }

  /** Gives a task back to the queue, as a worker does that shuts down. It counts as no failure. */
  async handBack(held: HeldTask): Promise<boolean> {
    return this.left(held, await this.database.execute(HAND_BACK, [held.id, held.epoch, held.task]));
  }

  /** The task lost its worker or executor. Another one takes it, until its budget is used up: then its job is given up. */
  async crash(held: HeldTask, fault: ProcessFault): Promise<boolean> {
    return await this.giveUp(held, this.settings.MAX_RECOVERIES, 'CRASHED', 'Crashed', fault);
  }

  /** The task ran into the time limit of its job. */
  async exceed(held: HeldTask, fault: ProcessFault): Promise<boolean> {
    return await this.giveUp(held, -1, 'FAILED', 'JobTimedOut', fault);
  }

  /**
   * The steps inside of the task wait for something.
   * @param goesOn whether one of them could go on, whatever the others wait for
   * @returns false when the task is not this claim's any more
   */
  async suspend(held: HeldTask, goesOn = false): Promise<boolean> {
    return this.left(held, await this.database.execute(SUSPEND, [held.id, held.epoch, held.task, goesOn]));
  }

  private async giveUp(
    held: HeldTask,
    budget: number,
    type: StateType,
    name: string,
    fault: ProcessFault,
  ): Promise<boolean> {
    const json = storableJson(JSON.stringify(fault));
    return this.left(
      held,
      await this.database.execute(CRASH, [held.id, held.epoch, held.task, budget, type, name, json]),
    );
  }

  private left({ id }: HeldTask, [row]: readonly Left[]): boolean {
    if (row === undefined) return false;
    this.announcer.announce(id);
    if (row.resumed) this.dispatch.dispatch(row.resumed);
    if (row.again) this.dispatch.dispatch(row.again);
    return true;
  }
}
