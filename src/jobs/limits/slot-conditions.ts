import { SUSPENDED, UNFINISHED } from '../store/conditions.js';
import { RESULT_PREFIX } from './limit-keys.js';

/**
 * A row `s` of `concurrency_slot` that takes a place: its step is in progress, or its job is, under the claim of the
 * row; a task that has a worker of its own, and what is inside of it, is in progress whatever its job does. A job whose worker went silent has its places until the supervisor gives it up; so a worker that was only cut off
 * for a while never runs beside another. Who computes a result does so until it has ended, also while it is suspended.
 */
export const HELD = `(NOT s.waits AND CASE WHEN s.task_key = '' THEN EXISTS (
       SELECT FROM job h WHERE h.id = s.job_id
         AND (h.epoch = s.epoch AND h.state_type IN ('RUNNING', 'CANCELLING') OR s.epoch IS NULL AND h.${UNFINISHED}))
     WHEN starts_with(s.limit_key, '${RESULT_PREFIX}') THEN EXISTS (
       SELECT FROM task_run t JOIN job h ON h.id = t.job_id
       WHERE t.job_id = s.job_id AND t.key = s.task_key AND h.${UNFINISHED}
         AND (t.state_type IN ('RUNNING', 'SCHEDULED', 'PAUSED') OR t.dispatched_at IS NOT NULL OR t.lease_until IS NOT NULL))
     ELSE EXISTS (
       SELECT FROM task_run t JOIN job h ON h.id = t.job_id
       WHERE t.job_id = s.job_id AND t.key = s.task_key AND CASE WHEN s.epoch IS NULL
         THEN h.${UNFINISHED} AND (t.state_type = 'RUNNING' OR t.dispatched_at IS NOT NULL OR t.lease_until IS NOT NULL)
         ELSE t.state_type = 'RUNNING' AND t.epoch = s.epoch AND h.epoch = s.epoch
           AND h.state_type IN ('RUNNING', 'CANCELLING') END) END)`;

/**
 * A row `s` of `concurrency_slot` that stands in the queue and could take a place if there was one: not that of a job
 * which is paused or waits for a worker that is not there, nor that of a step which is done.
 */
export const QUEUED = `(s.waits AND EXISTS (
       SELECT FROM job h WHERE h.id = s.job_id AND (${SUSPENDED} OR h.state_type = 'RUNNING' AND s.task_key <> ''
         OR h.state_type = 'SCHEDULED' AND (h.state_name = 'AwaitingConcurrencySlot'
           OR h.due_at IS NULL AND h.waiting_reason IS NULL)))
     AND (s.task_key = '' OR EXISTS (SELECT FROM task_run t
       WHERE t.job_id = s.job_id AND t.key = s.task_key AND t.state_name = 'AwaitingConcurrencySlot')))`;
