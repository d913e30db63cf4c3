import type { TransmissionMode } from '../processes/process-description.js';

/** Which version of the standard shapes the response: 18-062r2 (1.0), or the 2.0 draft. */
export type Dialect = '1.0' | '2.0';

/** One output the client asked for. What it left open is absent. */
export interface OutputSelection {
  readonly id: string;
  readonly mediaType?: string;
  readonly encoding?: string;
  /** Only in 1.0; absent means by value where the response is raw, by size in a document. */
  readonly transmissionMode?: TransmissionMode;
}

/** Where to call back; absolute http or https URLs. */
export interface Subscriber {
  readonly successUri?: string;
  readonly inProgressUri?: string;
  readonly failedUri?: string;
}

/** An execute request (execute.yaml of 1.0 and 2.0) whose structure is right; the inputs are still as sent. */
export interface ExecuteRequest {
  /** By input id: values, qualified values, references, or lists of these. May hold unknown ids. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Absent: all outputs. Empty: none, a 204 or a job without results (2.0). */
  readonly outputs?: readonly OutputSelection[];
  /** Counts in 1.0 only. */
  readonly response: 'raw' | 'document';
  readonly dialect: Dialect;
  readonly subscriber?: Subscriber;
}
