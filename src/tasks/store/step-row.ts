import type { ProcessFault } from '../../flows/process-fault.js';
import type { StepKind } from '../../flows/step-journal.js';
import { isTerminal, type StateType } from '../../jobs/job-state.js';
import { acceptedFrom } from '../../jobs/state-machine.js';
import { isIn } from '../../jobs/store/conditions.js';
import type { StoredStepOutput } from '../task.types.js';

/** A condition on the alias `t`: the task waits for a worker of its own, or has one. */
export const ELSEWHERE = `(t.dispatched_at IS NOT NULL OR t.lease_until IS NOT NULL)`;

/** Why a job waits whose tasks have workers of their own. A sentence for its client. */
export const AWAITS_TASKS = 'waits for tasks with workers of their own';

/** What a step's row says to whoever begins it, as a `SELECT` list over the alias `t`. */
export const STEP_COLUMNS = `t.key, t.kind, t.name, t.input_hash, t.state_type, t.state_name, t.attempt, t.epoch,
  t.value::text AS value, t.outputs, t.fault, t.answer::text AS answer, t.wake_at <= now() AS is_due,
  ${ELSEWHERE} AS is_elsewhere`;

/** A row of {@link STEP_COLUMNS}. `value` and `answer` are JSON texts, so that a JSON null is not taken for nothing. */
export interface StepRow {
  readonly key: string;
  readonly kind: StepKind;
  readonly name: string;
  readonly input_hash: string;
  readonly state_type: StateType;
  readonly state_name: string;
  readonly attempt: number;
  readonly epoch: number;
  readonly value: string | null;
  readonly outputs: readonly StoredStepOutput[] | null;
  readonly fault: ProcessFault | null;
  readonly answer: string | null;
  readonly is_due: boolean | null;
  /** Whether it waits for a worker of its own, or has one. */
  readonly is_elsewhere: boolean;
}

/**
 * A condition: of the steps inside of a task that was suspended with them, one is ready to go on, or none waits at all. A
 * place under a limit is asked for anew whenever the task goes on.
 * @param task alias of the task
 */
export const INNER_READY = (task: string) => `(SELECT count(*) FILTER (WHERE i.ready) > 0 OR count(*) = 0 FROM (
       SELECT CASE WHEN i.state_name = 'AwaitingConcurrencySlot' THEN true
         WHEN i.state_type = 'PAUSED' THEN i.answer IS NOT NULL OR i.wake_at <= now()
         WHEN i.kind = 'process' THEN c.id IS NULL OR c.finished_at IS NOT NULL
         ELSE i.wake_at IS NULL OR i.wake_at <= now() END AS ready
       FROM task_run i LEFT JOIN job c ON c.id = i.child_id
       WHERE i.job_id = ${task}.job_id AND starts_with(i.key, ${task}.key || '/')
         AND (i.state_type IN ('SCHEDULED', 'PAUSED') OR i.state_type = 'RUNNING' AND i.kind = 'process')) i)`;

/** What a fenced statement says beside what it did. */
export interface Fence {
  /** Whether the job was running under this claim, as the statement began. */
  readonly owned: boolean;
  readonly pause_requested: boolean;
}

/** The row `o` of a {@link Fence} of a job; nothing when the job is gone. */
export const FENCE = `(SELECT (epoch = $2 AND state_type = 'RUNNING') AS owned, pause_requested FROM job WHERE id = $1) o`;

/** What a step has ended with that is done anew when its job, or the task around it, is tried again. */
const REPEATED = isIn(acceptedFrom('PENDING', { isRepeated: true }, 'step').filter(isTerminal), 't.state_type');

/**
 * Parts of a `WITH` clause, named `n` and `d`: steps that failed for good are to be done anew. A task keeps the record
 * of its attempts, what only waited is forgotten.
 * @param from the changed row that names the job, as alias and column
 * @param condition on the alias `t`: which of the failed steps
 */
export function resetFailures(from: string, condition: string): string {
  return `n AS (
     UPDATE task_run t SET state_type = 'PENDING', state_name = 'Pending', attempt = 0, fault = NULL, message = NULL,
       finished_at = NULL, answer = NULL, failures = failures || jsonb_build_object('attempt', attempt,
         'started', started_at, 'finished', finished_at, 'fault', fault::jsonb)
     FROM ${from} WHERE t.job_id = ${from}.id AND ${REPEATED} AND t.kind IN ('task', 'run') AND ${condition}
   ), d AS (
     DELETE FROM task_run t USING ${from}
     WHERE t.job_id = ${from}.id AND ${REPEATED} AND t.kind NOT IN ('task', 'run') AND ${condition}
   )`;
}
