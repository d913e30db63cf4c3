import type { JobAdmission, JobSubscriber, ResponsePreferences, StagedInputs } from '../job.types.js';
import type { JobStatusRow } from './job-row.js';

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

/** The JSON columns of a new job, as texts. */
export function jsonColumns({ inputs, staged, response, subscriber, admission }: NewJob) {
  const textOf = (value: object | undefined) => (value === undefined ? null : JSON.stringify(value));
  return {
    inputs: JSON.stringify(inputs),
    staged: textOf(staged),
    response: JSON.stringify(response),
    subscriber: textOf(subscriber),
    admission: textOf(admission),
  };
}

/** `$1` to `$10` of every statement that accepts the job of a request. */
export function newJobValues(job: NewJob): (string | null)[] {
  const { inputs, staged, response, subscriber } = jsonColumns(job);
  const { id, processId, processVersion, idempotency, storage } = job;
  return [
    id,
    processId,
    processVersion,
    inputs,
    staged,
    response,
    idempotency?.key ?? null,
    idempotency?.digest ?? null,
    subscriber,
    storage ?? null,
  ];
}

/** As the column `admission` holds it. */
export function admissionValue({ admission }: NewJob): string | null {
  return admission === undefined ? null : JSON.stringify(admission);
}
