import { acceptedFrom } from '../state-machine.js';
import { DISMISSABLE, isIn, OWNED, RAN_MS, SUSPENDED, TASKS_RUN } from './conditions.js';
import type { HeldLease } from './job-leases.js';

/** The parts of a statement in which the claim of a job, and that of one of its tasks, differ. */
export interface ClaimFence {
  /** What tells the statement's name from that of the other claim. */
  readonly suffix: string;
  /** Parts of a `WITH` clause that come first. @param task placeholder of the task's key */
  prelude(task: string): string;
  /** What an `UPDATE job` of the claim goes on with after its `SET`; conditions may follow after `AND`. */
  readonly where: string;
  /** Columns `owned` and `pause_requested` as a row `o`; nothing when the job is gone. */
  row(task: string): string;
}

/** A worker that runs a job. */
const OF_JOB: ClaimFence = {
  suffix: '',
  prelude: () => '',
  where: `WHERE ${OWNED}`,
  row: () =>
    `(SELECT epoch = $2 AND ${isIn(acceptedFrom('COMPLETED'))} AS owned, pause_requested FROM job WHERE id = $1) o`,
};

/** Whether a task is claimed under the number `$2`. It is so also between two attempts that its worker makes. */
const CLAIMED = (task: string) => `r.key = ${task} AND r.epoch = $2 AND r.lease_until IS NOT NULL`;

/**
 * Parts of a `WITH` clause, named `jl` and `own`: locks an unfinished job that is not being dismissed, and then its task,
 * as in every statement that changes both. What is found is therefore what holds.
 * @param condition on the task `r` and the job `jl`
 */
export function lockTask(condition: string, columns = ''): string {
  return `jl AS MATERIALIZED (
     SELECT *, ${SUSPENDED} AS suspended FROM job WHERE id = $1 AND ${isIn(DISMISSABLE)} FOR NO KEY UPDATE
   ), own AS MATERIALIZED (
     SELECT r.job_id, jl.suspended${columns} FROM jl JOIN task_run r ON r.job_id = jl.id
     WHERE ${condition} FOR NO KEY UPDATE OF r
   )`;
}

/**
 * {@link lockTask} for who has claimed the task.
 * @param task placeholder of the task's key
 * @param condition on the task `r`, beside the claim
 */
export function lockClaimedTask(task: string, columns = '', condition = 'true'): string {
  return lockTask(`${CLAIMED(task)} AND ${condition}`, columns);
}

/** A worker that runs a task of a job by itself, under the number of the task's own claim; the job need not run. */
export const OF_TASK: ClaimFence = {
  suffix: '_in_task',
  prelude: (task) => `${lockClaimedTask(task)}, `,
  where: 'FROM own WHERE job.id = own.job_id',
  row: (
    task,
  ) => `(SELECT ${isIn(DISMISSABLE)} AND EXISTS (SELECT FROM task_run r WHERE r.job_id = $1 AND ${CLAIMED(task)}) AS owned,
     pause_requested FROM job WHERE id = $1) o`,
};

/** @returns the statement for the claim that is held, of two that are made alike */
export function forBoth<Made>(make: (claim: ClaimFence) => Made): (held: HeldLease) => Made {
  const [ofJob, ofTask] = [make(OF_JOB), make(OF_TASK)];
  return ({ task }) => (task === undefined ? ofJob : ofTask);
}

/** @returns what is bound as the last value of a statement of {@link OF_TASK} */
export function taskOf({ task }: HeldLease): readonly string[] {
  return task === undefined ? [] : [task];
}

/**
 * What an `UPDATE job` sets that changes whether a task runs in a worker of its own: the time of the job goes on while
 * anything of it runs.
 * @param task placeholder of the key
 * @param runs whether the task runs on
 */
export function countTime(task: string, runs = 'false'): string {
  const goesOn = `${runs} OR state_type = 'RUNNING' OR ${TASKS_RUN(task)}`;
  return `ran_ms = ${RAN_MS}, claimed_at = CASE WHEN ${goesOn} THEN now() END`;
}

/**
 * What an `UPDATE job ... FROM own` of a task's claim sets when the task has ended or waits for something: a job that is
 * suspended goes back to the queue, one that runs notices the signal when it is to be suspended.
 * @param condition whether the task is left by this statement
 */
export function resumeJob(condition: string): string {
  const resumes = `(${condition}) AND own.suspended`;
  return `signals = signals + (${condition})::int,
       state_type = CASE WHEN ${resumes} THEN 'SCHEDULED' ELSE state_type END,
       state_name = CASE WHEN ${resumes} THEN 'Resuming' ELSE state_name END,
       due_at = CASE WHEN ${resumes} THEN NULL ELSE due_at END,
       waiting_reason = CASE WHEN ${resumes} THEN NULL ELSE waiting_reason END,
       dispatches = dispatches + (${resumes})::int, seq = seq + 1 + (${resumes})::int, updated_at = now()`;
}

/**
 * Parts of a `WITH` clause named `re`, and of the `RETURNING` of the `UPDATE job` named `f`, that go with {@link resumeJob}:
 * the number of the task's event is `seq - resumes::int`.
 */
export const RESUMES = (condition: string) => `(${condition}) AND own.suspended AS resumes`;
export const RESUMED_EVENT = (task: string) => `re AS (
     INSERT INTO job_event (job_id, seq, type, data)
     SELECT id, seq, 'resumed', json_build_object('reason', 'task', 'task', ${task}::text) FROM f WHERE resumes
   )`;

/** A column: the job, when it is to be dispatched. */
export const RESUMED_JOB = `(SELECT json_build_object('id', id, 'dispatches', dispatches) FROM f WHERE resumes) AS resumed`;
