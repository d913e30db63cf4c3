import { isTerminal, STATE_TYPES, type StateType } from '../job-state.js';
import { acceptedFrom, changedBy } from '../state-machine.js';

/** A condition: the column is one of these types of state. */
export function isIn(types: readonly StateType[], column = 'state_type'): string {
  const list = types.map((type) => `'${type}'`);
  return list.length === 1 ? `${column} = ${list[0]}` : `${column} IN (${list.join(', ')})`;
}

/**
 * The condition of every write by the worker that runs a job: `$1` is the job's id, `$2` the epoch of its claim.
 *
 * `IS TRUE` hides the state from the indexes. On a table without statistics PostgreSQL would otherwise look the job up
 * by its state, and read through the dead entries of every job that was running before.
 */
export const OWNED = `id = $1 AND epoch = $2 AND (${isIn(acceptedFrom('COMPLETED'))}) IS TRUE`;

/** A job whose worker was released while its steps wait for answers or for other jobs. */
export const SUSPENDED = `(state_type = 'PAUSED' AND state_name = 'Suspended')`;

/** A job that waits for a place under a limit; `SlotQueue` puts it back on the queue. */
export const AWAITS_SLOT = `(state_type = 'SCHEDULED' AND state_name = 'AwaitingConcurrencySlot')`;

/** A job that a worker takes, at once or when its time has come. */
export const WAITS = `(${isIn(acceptedFrom('RUNNING'))} AND (due_at IS NOT NULL OR NOT ${AWAITS_SLOT})
     OR ${SUSPENDED} AND due_at IS NOT NULL)`;

/** A state that is not final. */
export const UNFINISHED = isIn(STATE_TYPES.filter((type) => !isTerminal(type)));

/** The types of state of jobs that can be dismissed: those that have not ended and are not being dismissed. */
export const DISMISSABLE = changedBy('CANCELLING');

/** The types of state that are final. */
export const TERMINAL = STATE_TYPES.filter(isTerminal);

/**
 * The milliseconds during which something of the job has run, up to now: its code, or a task that has a worker of its
 * own. `claimed_at` says since when they are not in `ran_ms`; what runs at the same time counts once.
 */
export const RAN_MS = `ran_ms + coalesce(greatest(0, extract(epoch FROM now() - claimed_at) * 1000), 0)::bigint`;

/** A condition on a row of `job`: a task of it runs in a worker of its own. @param but placeholder of the key of one that does not count */
export const TASKS_RUN = (but?: string) =>
  `EXISTS (SELECT FROM task_run o WHERE o.job_id = job.id AND o.lease_until IS NOT NULL${
    but === undefined ? '' : ` AND o.key <> ${but}`
  })`;
