/**
 * The condition of every write by the worker that runs a job: `$1` is the job's id, `$2` the epoch of its claim.
 *
 * `IS TRUE` hides the state from the indexes. On a table without statistics PostgreSQL would otherwise look the job up
 * by its state, and read through the dead entries of every job that was running before.
 */
export const OWNED = `id = $1 AND epoch = $2 AND (state_type = 'RUNNING') IS TRUE`;
