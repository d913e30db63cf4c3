import type { Violation } from '../ogc/problems/domain-error.js';
import type { ProblemCode } from '../ogc/problems/problem-catalog.js';
import type { LogLevel } from '../processes/job-context.js';

/** One execution to carry out. Knows nothing of jobs, leases or HTTP. */
export interface ExecutionUnit {
  readonly jobId: string;
  readonly processId: string;
  /** Resolved and validated values by input id; binary inputs are `InputFile`s. */
  readonly inputs: Record<string, unknown>;
  /** Milliseconds until the signal is aborted. Code that still runs a grace time later is killed. */
  readonly timeout: number;
  /** Absolute path of a directory this execution may create: `outputs/` is kept, `work/` is removed at the end. */
  readonly directory: string;
}

export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly data?: Record<string, unknown>;
  /** ISO 8601, the executor's clock */
  readonly time: string;
}

/** Hears of a running execution. Calls are cheap; they must not throw. */
export interface ExecutionObserver {
  progress(percent: number, message?: string): void;
  log(line: LogLine): void;
}

/** A finished output: a JSON value, or a file that was streamed to disk. */
export type ProducedOutput =
  | { readonly kind: 'value'; readonly value: unknown; readonly mediaType: string }
  | {
      readonly kind: 'file';
      /** absolute */
      readonly path: string;
      /** bytes */
      readonly size: number;
      /** lower-case hexadecimal */
      readonly sha256: string;
      readonly mediaType: string;
    };

/** Why an execution has no result. */
export interface ExecutionFault {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly errors?: readonly Violation[];
}

export type ExecutionOutcome =
  | { readonly kind: 'succeeded'; readonly outputs: Record<string, ProducedOutput> }
  /** The process threw, or returned what its description does not allow. */
  | { readonly kind: 'failed'; readonly fault: ExecutionFault }
  /** The time limit passed; whatever came later was discarded. */
  | { readonly kind: 'timed-out'; readonly fault: ExecutionFault }
  /** The executor died under the process: a kill, memory exhausted, `process.exit`. Not the process' own verdict. */
  | { readonly kind: 'crashed'; readonly fault: ExecutionFault }
  /** The caller's signal was aborted. */
  | { readonly kind: 'cancelled' };
