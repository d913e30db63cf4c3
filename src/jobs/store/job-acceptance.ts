import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { GroupedStatement } from '../../database/grouped-statement.js';
import { Statement } from '../../database/statement.js';
import type { JobAdmission, JobSubscriber, ResponsePreferences, StagedInputs } from '../job.types.js';
import { oweCallback, WAKE_CALLBACKS } from './callback-outbox.js';
import { type JobStatusRow, STATUS_COLUMNS } from './job-row.js';

/** An execution that was accepted and has no row yet. */
export interface NewJob {
  readonly id: string;
  readonly processId: string;
  readonly processVersion: string;
  /** JSON values; what is staged as a file is left out */
  readonly inputs: Record<string, unknown>;
  readonly staged?: StagedInputs;
  readonly response: ResponsePreferences;
  /** The storage that its files lie in, as the name of a block; absent: DATA_DIR. */
  readonly storage?: string;
  /** Whom to call back; the URLs in the form that `URL` gives them. */
  readonly subscriber?: JobSubscriber;
  /** What has to be asked for before it runs. */
  readonly admission?: JobAdmission;
  /** The request in the client's own words, see {@link AcceptedJob}. */
  readonly idempotency?: Idempotency;
}

/** Names a request, so that its repetition does not execute it again. */
export interface Idempotency {
  readonly key: string;
  /** Tells requests of the same key apart. */
  readonly digest: string;
}

/** The job of a request: the new one, or under another id the one that already has its idempotency key. */
export interface AcceptedJob extends JobStatusRow {
  readonly request_digest: string | null;
}

/**
 * A key that is taken gives the row that has it, also when it was committed while this statement waited for it; DO
 * NOTHING would give no row at all then.
 */
export const OR_EXISTING = `ON CONFLICT (idempotency_key) WHERE idempotency_key IS NOT NULL
       DO UPDATE SET idempotency_key = excluded.idempotency_key`;

/** Accepts a job: the row and its first event become visible together, or not at all (promise P1). */
const ACCEPT = new Statement<AcceptedJob>(
  'job_accept',
  `WITH j AS (
     INSERT INTO job (id, process_id, process_version, state_type, state_name, inputs, staged, response,
                      idempotency_key, request_digest, subscriber, storage, admission, seq)
     VALUES ($1, $2, $3, 'SCHEDULED', 'Scheduled', $4, $5, $6, $7, $8, $9, $10, $11, 1)
     ${OR_EXISTING}
     RETURNING *
   ), e AS (
     INSERT INTO job_event (job_id, seq, type) SELECT id, 1, 'accepted' FROM j WHERE id = $1
   )
   SELECT ${STATUS_COLUMNS}, j.request_digest FROM j`,
);

/** When jobs were stored, all at once or none of them. */
interface StoredTogether {
  readonly at: Date;
}

/** The same for many jobs at once, of requests without a key. */
const ACCEPT_TOGETHER = new Statement<StoredTogether>(
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

/** Accepts a job that this very node runs at once: it is born running, under a lease. */
const ACCEPT_RUNNING = new Statement<AcceptedJob>(
  'job_accept_running',
  `WITH j AS (
     INSERT INTO job (id, process_id, process_version, state_type, state_name, inputs, staged, response,
                      idempotency_key, request_digest, subscriber, storage, seq, epoch, worker_id, lease_until,
                      started_at, claimed_at)
     VALUES ($1, $2, $3, 'RUNNING', 'Running', $4, $5, $6, $7, $8, $9, $10, 2, 1, $11, now() + $12 * interval '1 ms', now(),
       now())
     ${OR_EXISTING}
     RETURNING *
   ), e AS (
     INSERT INTO job_event (job_id, seq, type, data)
     SELECT id, s, t, d FROM j, (VALUES
       (1, 'accepted', NULL), (2, 'started', json_build_object('attempt', 1, 'worker', $11::text))
     ) v (s, t, d) WHERE id = $1
   ), ${oweCallback('inProgressUri', 'j.id = $1')}
   SELECT ${STATUS_COLUMNS}, j.request_digest, ${WAKE_CALLBACKS} FROM j`,
);

/** The same for many jobs at once, of requests without a key and a subscriber. */
const ACCEPT_RUNNING_TOGETHER = new Statement<StoredTogether>(
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
interface FirstLease {
  readonly workerId: string;
  readonly lease: number;
}

/** A job that is stored together with others. */
interface GroupedJob {
  readonly id: string;
  readonly job: NewJob;
  /** As a JSON object with the columns that {@link ACCEPT_TOGETHER} and {@link ACCEPT_RUNNING_TOGETHER} read. */
  readonly record: string;
  /** Of one that runs. */
  readonly held?: FirstLease;
}

/** A job with more text than this is stored by itself, lest a group grow out of bounds. Characters. */
const LARGEST_IN_GROUP = 32 * 1024;

/** Brings jobs into the world. */
@Injectable()
export class JobAcceptance {
  /** Of requests without a key. */
  private readonly waiting: GroupedStatement<GroupedJob, AcceptedJob>;
  /** Of requests without a key and a subscriber. */
  private readonly running: GroupedStatement<GroupedJob, AcceptedJob>;

  constructor(private readonly database: Database) {
    this.waiting = new GroupedStatement(
      (jobs) => this.together(ACCEPT_TOGETHER, jobs),
      ({ job }) => this.acceptAlone(job),
    );
    this.running = new GroupedStatement(
      (jobs) => this.together(ACCEPT_RUNNING_TOGETHER, jobs),
      ({ job, held }) => this.acceptRunningAlone(job, held!),
    );
  }

  /** Stores a job that waits for a worker. @returns it, or the job that has its idempotency key */
  async accept(job: NewJob): Promise<AcceptedJob> {
    const grouped = job.idempotency === undefined ? groupedJob(job) : undefined;
    return grouped === undefined ? await this.acceptAlone(job) : (await this.waiting.execute(grouped))!;
  }

  /**
   * Stores a job that this node has begun to run, in epoch 1.
   * @param lease milliseconds until the job is taken from a node that went silent
   * @returns it, or the job that has its idempotency key
   */
  async acceptRunning(job: NewJob, workerId: string, lease: number): Promise<AcceptedJob> {
    const held = { workerId, lease };
    const hasCompany = job.idempotency === undefined && job.subscriber === undefined;
    const grouped = hasCompany ? groupedJob(job, held) : undefined;
    return grouped === undefined ? await this.acceptRunningAlone(job, held) : (await this.running.execute(grouped))!;
  }

  private async together(statement: Statement<StoredTogether>, jobs: readonly GroupedJob[]): Promise<AcceptedJob[]> {
    const [{ at }] = await this.database.execute(statement, [`[${jobs.map(({ record }) => record).join()}]`]);
    return jobs.map((stored) => rowOf(stored, at));
  }

  private async acceptAlone(job: NewJob): Promise<AcceptedJob> {
    return (await this.database.execute(ACCEPT, [...newJobValues(job), admissionValue(job)]))[0];
  }

  private async acceptRunningAlone(job: NewJob, { workerId, lease }: FirstLease): Promise<AcceptedJob> {
    return (await this.database.execute(ACCEPT_RUNNING, [...newJobValues(job), workerId, lease]))[0];
  }
}

/**
 * JSON columns are members of type text here: PostgreSQL then leaves what is escaped in them alone.
 * @returns nothing for a job that is too large
 */
function groupedJob(job: NewJob, held?: FirstLease): GroupedJob | undefined {
  const { id, staged, subscriber, storage, admission } = job;
  const record = JSON.stringify({
    id,
    process_id: job.processId,
    process_version: job.processVersion,
    inputs: JSON.stringify(job.inputs),
    staged: staged && JSON.stringify(staged),
    response: JSON.stringify(job.response),
    subscriber: subscriber && JSON.stringify(subscriber),
    storage,
    admission: admission && JSON.stringify(admission),
    worker_id: held?.workerId,
    lease: held?.lease,
  });
  return record.length <= LARGEST_IN_GROUP ? { id, job, record, held } : undefined;
}

/** The row of a job that has just been stored under no key: nothing in it that would have to be read. */
function rowOf({ job, held }: GroupedJob, at: Date): AcceptedJob {
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

/** `$1` to `$10` of every statement that accepts the job of a request. */
export function newJobValues(job: NewJob): (string | null)[] {
  return [
    job.id,
    job.processId,
    job.processVersion,
    JSON.stringify(job.inputs),
    job.staged === undefined ? null : JSON.stringify(job.staged),
    JSON.stringify(job.response),
    job.idempotency?.key ?? null,
    job.idempotency?.digest ?? null,
    job.subscriber === undefined ? null : JSON.stringify(job.subscriber),
    job.storage ?? null,
  ];
}

/** As the column `admission` holds it. */
export function admissionValue({ admission }: NewJob): string | null {
  return admission === undefined ? null : JSON.stringify(admission);
}
