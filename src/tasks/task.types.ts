import type { ProcessFault } from '../flows/process-fault.js';

/** An output file as a row keeps it; `path` is relative to the data directory, or `<type>/<name>:<key>` of a storage. */
export interface StoredStepOutput {
  readonly id: string;
  readonly path: string;
  /** bytes */
  readonly size: number;
  /** lower-case hexadecimal */
  readonly sha256: string;
  readonly mediaType: string;
}

/** An attempt of a step that failed and was followed by another one. Times are ISO 8601, on the database's clock. */
export interface FailedAttempt {
  readonly attempt: number;
  readonly started: string;
  readonly finished: string;
  readonly fault: ProcessFault;
}

/** Where a result was taken from. */
export interface CachedFrom {
  readonly job: string;
  readonly key: string;
}
