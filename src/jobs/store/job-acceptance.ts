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

/** The same for many jobs at once, of requests without a key. */
const ACCEPT_TOGETHER = new Statement<AcceptedJob>(
  'job_accept_together',
  `WITH j AS (
     INSERT INTO job (id, process_id, process_version, state_type, state_name, inputs, staged, response, subscriber,
                      storage, admission, seq)
     SELECT x.id, x.process_id, x.process_version, 'SCHEDULED', 'Scheduled', x.inputs::json, x.staged::json,
       x.response::json, x.subscriber::json, x.storage, x.admission::json, 1
     FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
       $9::text[]) AS x (id, process_id, process_version, inputs, staged, response, subscriber, storage, admission)
     RETURNING *
   ), e AS (
     INSERT INTO job_event (job_id, seq, type) SELECT id, 1, 'accepted' FROM j
   )
   SELECT ${STATUS_COLUMNS}, j.request_digest FROM j`,
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
const ACCEPT_RUNNING_TOGETHER = new Statement<AcceptedJob>(
  'job_accept_running_together',
  `WITH j AS (
     INSERT INTO job (id, process_id, process_version, state_type, state_name, inputs, staged, response, storage, seq,
                      epoch, worker_id, lease_until, started_at, claimed_at)
     SELECT x.id, x.process_id, x.process_version, 'RUNNING', 'Running', x.inputs::json, x.staged::json,
       x.response::json, x.storage, 2, 1, x.worker_id, now() + x.lease * interval '1 ms', now(), now()
     FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
       $9::float8[]) AS x (id, process_id, process_version, inputs, staged, response, storage, worker_id, lease)
     RETURNING *
   ), e AS (
     INSERT INTO job_event (job_id, seq, type, data)
     SELECT id, s, t, d FROM j, LATERAL (VALUES
       (1, 'accepted', NULL), (2, 'started', json_build_object('attempt', 1, 'worker', j.worker_id))
     ) v (s, t, d)
   )
   SELECT ${STATUS_COLUMNS}, j.request_digest FROM j`,
);

/** A new job as the values of {@link ACCEPT} or {@link ACCEPT_RUNNING}. */
interface StorableJob {
  readonly id: string;
  readonly values: readonly (string | number | null)[];
}

/** Which of them {@link ACCEPT_TOGETHER} takes: all but the idempotency key and its digest. */
const KEYLESS_VALUES = [0, 1, 2, 3, 4, 5, 8, 9, 10];
/** Which of those of {@link ACCEPT_RUNNING} its group takes: no subscriber either. */
const LONELY_VALUES = [0, 1, 2, 3, 4, 5, 9, 10, 11];

/** A job with more text than this is stored by itself, lest a group grow out of bounds. Characters. */
const LARGEST_IN_GROUP = 64 * 1024;

const sizeOf = (values: readonly unknown[]) =>
  values.reduce<number>((sum, value) => sum + (typeof value === 'string' ? value.length : 0), 0);

/** Brings jobs into the world. */
@Injectable()
export class JobAcceptance {
  private readonly keyless: GroupedStatement<StorableJob, AcceptedJob>;
  private readonly lonely: GroupedStatement<StorableJob, AcceptedJob>;

  constructor(private readonly database: Database) {
    this.keyless = this.grouped(ACCEPT_TOGETHER, KEYLESS_VALUES, ACCEPT);
    this.lonely = this.grouped(ACCEPT_RUNNING_TOGETHER, LONELY_VALUES, ACCEPT_RUNNING);
  }

  /** Stores a job that waits for a worker. @returns it, or the job that has its idempotency key */
  async accept(job: NewJob): Promise<AcceptedJob> {
    const storable = { id: job.id, values: [...newJobValues(job), admissionValue(job)] };
    const hasCompany = job.idempotency === undefined && sizeOf(storable.values) <= LARGEST_IN_GROUP;
    return (await (hasCompany ? this.keyless.execute(storable) : this.alone(ACCEPT, storable)))!;
  }

  /**
   * Stores a job that this node has begun to run, in epoch 1.
   * @param lease milliseconds until the job is taken from a node that went silent
   * @returns it, or the job that has its idempotency key
   */
  async acceptRunning(job: NewJob, workerId: string, lease: number): Promise<AcceptedJob> {
    const storable = { id: job.id, values: [...newJobValues(job), workerId, lease] };
    const { idempotency, subscriber } = job;
    const hasCompany =
      idempotency === undefined && subscriber === undefined && sizeOf(storable.values) <= LARGEST_IN_GROUP;
    return (await (hasCompany ? this.lonely.execute(storable) : this.alone(ACCEPT_RUNNING, storable)))!;
  }

  private grouped(together: Statement<AcceptedJob>, indices: readonly number[], single: Statement<AcceptedJob>) {
    return new GroupedStatement<StorableJob, AcceptedJob>(
      (jobs) =>
        this.database.execute(
          together,
          indices.map((index) => jobs.map(({ values }) => values[index])),
        ),
      (job) => this.alone(single, job),
    );
  }

  private async alone(statement: Statement<AcceptedJob>, { values }: StorableJob): Promise<AcceptedJob> {
    return (await this.database.execute(statement, values))[0];
  }
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
