import { SUSPENDED, UNFINISHED } from './conditions.js';
import type { Redispatch } from './job-leases.js';

/**
 * The end of a job makes the job go on whose step waits for it, in the very statement that ends it: a parent is never
 * left waiting for a child that has ended.
 *
 * Statements that lock several jobs lock them in the order of their ids. A child has a greater id than its parent (see
 * `childId`), so the parent is locked first.
 */

/** A part of a `WITH` clause, named `p`: locks the unfinished parent of job `$1`, if it has one. */
export const LOCK_PARENT = `p AS MATERIALIZED (
     SELECT id, ${SUSPENDED} AS suspended FROM job
     WHERE id = (SELECT parent_id FROM job WHERE id = $1) AND ${UNFINISHED} FOR NO KEY UPDATE
   )`;

/** A condition that holds always, and makes sure that {@link LOCK_PARENT} has come first. */
export const PARENT_LOCKED = `(SELECT count(*) FROM p) >= 0`;

/**
 * Parts of a `WITH` clause, named `r` and `re`: the parent `p` is told that the changed job `j` has ended. One that is
 * suspended goes back to the queue; one that runs notices the signal when it is to be suspended.
 * @param condition on `j`: which of the changes is the end of job `$1`
 */
export function resumeParent(condition = 'true'): string {
  return `r AS (
     UPDATE job SET signals = job.signals + 1, updated_at = now(),
       state_type = CASE WHEN p.suspended THEN 'SCHEDULED' ELSE job.state_type END,
       state_name = CASE WHEN p.suspended THEN 'Resuming' ELSE job.state_name END,
       due_at = CASE WHEN p.suspended THEN NULL ELSE job.due_at END,
       waiting_reason = CASE WHEN p.suspended THEN NULL ELSE job.waiting_reason END,
       dispatches = job.dispatches + p.suspended::int, seq = job.seq + p.suspended::int
     FROM p, j WHERE job.id = p.id AND ${condition}
     RETURNING job.id, job.dispatches, job.seq, p.suspended, j.id AS child_id
   ), re AS (
     INSERT INTO job_event (job_id, seq, type, data)
     SELECT id, seq, 'resumed', json_build_object('reason', 'child', 'job', child_id) FROM r WHERE suspended
   )`;
}

/** A column: the parent, when it is to be dispatched. */
export const RESUMED_PARENT = `(SELECT json_build_object('id', id, 'dispatches', dispatches) FROM r WHERE suspended) AS resumed`;

/** A row with {@link RESUMED_PARENT}. */
export interface ResumingParent {
  readonly resumed: Redispatch | null;
}
