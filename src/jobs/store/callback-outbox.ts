import type { CallbackKind } from '../job.types.js';
import { CALLBACK_CHANNEL } from '../job-channels.js';

/**
 * What the statement before {@link oweCallback} has to return of a job: its status, the event's number, its subscriber.
 */
export const CALLBACK_COLUMNS = `id, process_id, process_version, state_type, state_name, message, progress, fault,
  recoveries, worker_id, created_at, started_at, finished_at, updated_at, waiting_reason, due_at, parent_id, retry_of,
  cached_from, seq, subscriber`;

/** Characters of an origin that count, so that every origin fits into an index entry (PostgreSQL: 2704 bytes). */
const ORIGIN_LENGTH = 600;

/**
 * A part of a `WITH` clause, named `c`: owes the subscriber of the changed job `j` a call. Standing in the statement
 * that changes the state, the debt is on record exactly when the change is. A job without a subscriber costs nothing.
 * Nothing about a subscriber makes the change fail: a URL that is none is owed like any other, and given up later.
 * The base URL of links in the document is kept with it, so that a call outlives the removal of its job.
 * @param condition on `j`: which of the changes are worth a call
 */
export function oweCallback(kind: CallbackKind, condition = 'true'): string {
  return `c AS (
     INSERT INTO job_callback (job_id, seq, kind, uri, origin, job)
     SELECT j.id, j.seq, '${kind}', j.subscriber ->> '${kind}',
       coalesce(lower(left(substring(j.subscriber ->> '${kind}' FROM '^[^:]+://[^/?#]*'), ${ORIGIN_LENGTH})), ''),
       to_json(s)
     FROM j CROSS JOIN LATERAL (
       SELECT j.id, j.process_id, j.process_version, j.state_type, j.state_name, j.message, j.progress, j.fault,
         j.recoveries, j.worker_id, j.created_at, j.started_at, j.finished_at, j.updated_at, j.waiting_reason, j.due_at,
         j.parent_id, j.retry_of, j.cached_from, j.subscriber ->> 'base' AS base
     ) s
     WHERE j.subscriber IS NOT NULL AND j.subscriber ->> '${kind}' IS NOT NULL AND ${condition}
     RETURNING 1
   )`;
}

/** A column that wakes the nodes which deliver, when {@link oweCallback} wrote something. */
export const WAKE_CALLBACKS = `(SELECT pg_notify('${CALLBACK_CHANNEL}', '') FROM c LIMIT 1)`;
