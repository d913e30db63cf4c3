import { Statement } from '../../database/statement.js';
import { type AcceptedJob, jsonColumns, type NewJob } from './new-job.js';

/** When jobs were stored, all at once or none of them. */
export interface StoredTogether {
  readonly at: Date;
}

/** Accepts many jobs at once, of requests without a key. */
export const ACCEPT_TOGETHER = new Statement<StoredTogether>(
  'job_accept_together',
  `WITH j AS (
     INSERT INTO job (id, process_id, process_version, state_type, state_name, inputs, staged, response, subscriber,
                      storage, admission, seq)
     SELECT x.id, x.process_id, x.process_version, 'SCHEDULED', 'Scheduled', x.inputs::json, x.staged::json,
       x.response::json, x.subscriber::json, x.storage, x.admission::json, 1
     FROM json_to_recordset($1::json) AS x (id uuid, process_id text, process_version text, inputs text, staged text,
       response text, subscriber text, storage text, admission text)
     RETURNING id
   ), e AS (
     INSERT INTO job_event (job_id, seq, type) SELECT id, 1, 'accepted' FROM j
   )
   SELECT now() AS at`,
);

/** Accepts many jobs at once that this very node runs, of requests without a key and a subscriber. */
export const ACCEPT_RUNNING_TOGETHER = new Statement<StoredTogether>(
  'job_accept_running_together',
  `WITH j AS (
     INSERT INTO job (id, process_id, process_version, state_type, state_name, inputs, staged, response, storage, seq,
                      epoch, worker_id, lease_until, started_at, claimed_at)
     SELECT x.id, x.process_id, x.process_version, 'RUNNING', 'Running', x.inputs::json, x.staged::json,
       x.response::json, x.storage, 2, 1, x.worker_id, now() + x.lease * interval '1 ms', now(), now()
     FROM json_to_recordset($1::json) AS x (id uuid, process_id text, process_version text, inputs text, staged text,
       response text, storage text, worker_id text, lease float8)
     RETURNING id, worker_id
   ), e AS (
     INSERT INTO job_event (job_id, seq, type, data)
     SELECT id, s, t, d FROM j, LATERAL (VALUES
       (1, 'accepted', NULL), (2, 'started', json_build_object('attempt', 1, 'worker', j.worker_id))
     ) v (s, t, d)
   )
   SELECT now() AS at`,
);

/** The node that runs a job, and for how many milliseconds nobody else may. */
export interface FirstLease {
  readonly workerId: string;
  readonly lease: number;
}

/** A job that is stored together with others. */
export interface GroupedJob {
  readonly id: string;
  /** As a JSON object with the columns that the common statement reads. */
  readonly record: string;
  /** What its row says. @param at when it was stored */
  readonly rowAt: (at: Date) => AcceptedJob;
  /** Stores it by itself. */
  readonly alone: () => Promise<AcceptedJob>;
}

/** A job with more text than this is stored by itself, lest a group grow out of bounds. Characters. */
const LARGEST_IN_GROUP = 32 * 1024;

/**
 * @param held by the node that runs it at once
 * @returns nothing for a job that is too large
 */
export function groupedJob(job: NewJob, alone: () => Promise<AcceptedJob>, held?: FirstLease): GroupedJob | undefined {
  const { id, processId, processVersion, storage } = job;
  // JSON as texts in JSON: PostgreSQL then leaves alone what is escaped in them.
  const columns = jsonColumns(job);
  if (columns.inputs.length > LARGEST_IN_GROUP) return undefined;
  const place = { storage, worker_id: held?.workerId, lease: held?.lease };
  const record = JSON.stringify({ id, process_id: processId, process_version: processVersion, ...columns, ...place });
  if (record.length > LARGEST_IN_GROUP) return undefined;
  return { id, record, rowAt: (at) => rowOf(job, at, held), alone };
}

/** The row of a job that has just been stored under no key: nothing in it that would have to be read. */
function rowOf(job: NewJob, at: Date, held: FirstLease | undefined): AcceptedJob {
  const isRunning = held !== undefined;
  return {
    id: job.id,
    process_id: job.processId,
    process_version: job.processVersion,
    state_type: isRunning ? 'RUNNING' : 'SCHEDULED',
    state_name: isRunning ? 'Running' : 'Scheduled',
    message: null,
    progress: null,
    fault: null,
    recoveries: 0,
    worker_id: held?.workerId ?? null,
    created_at: at,
    started_at: isRunning ? at : null,
    finished_at: null,
    updated_at: at,
    waiting_reason: null,
    due_at: null,
    parent_id: null,
    retry_of: null,
    cached_from: null,
    wants_nothing: job.response.outputs === undefined ? null : job.response.outputs.length === 0,
    request_digest: null,
  };
}
