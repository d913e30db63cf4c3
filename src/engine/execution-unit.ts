import type { KnownSecrets } from '../blocks/secrets/known-secrets.js';
import type { RemoteTask } from '../flows/remote-task.js';
import type { Violation } from '../ogc/problems/domain-error.js';
import type { ProblemCode } from '../ogc/problems/problem-catalog.js';
import type { LogLevel } from '../processes/job-context.js';

/** One execution to carry out. Knows nothing of jobs, leases or HTTP. */
export interface ExecutionUnit {
  readonly jobId: string;
  readonly processId: string;
  /** The one task that is to be run, in place of the code of the process; the outcome says then how its run ended. */
  readonly task?: RemoteTask;
  /** Which attempt of the job this is, for the retry policy of the process: 1 (default) for the first. */
  readonly attempt?: number;
  /** Resolved and validated values by input id; binary inputs are `InputFile`s. */
  readonly inputs: Record<string, unknown>;
  /** What is hidden in all that the execution says: lines, progress and faults. The executor is not told. */
  readonly secrets?: KnownSecrets;
  /** The storage of the job, as the name of a block; absent: DATA_DIR. */
  readonly storage?: string;
  /** Ids of the outputs to keep; absent: all. The others are checked and let go. */
  readonly outputs?: readonly string[];
  /** Milliseconds until the signal is aborted. Code that still runs a grace time later is killed. */
  readonly timeout: number;
  /** The time limit that faults name, milliseconds, where `timeout` is only what is left of it. */
  readonly timeLimit?: number;
  /** Absolute path of a directory this execution may create: `outputs/` is kept, `work/` is removed at the end. */
  readonly directory: string;
}

/** One line that user code logged. */
export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly data?: Record<string, unknown>;
  /** ISO 8601, the executor's clock */
  readonly time: string;
}

/** A line that the service adds to what user code logged. */
export function warningLine(message: string): LogLine {
  return { level: 'warn', message, time: new Date().toISOString() };
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

/** How an execution ended. */
export type ExecutionOutcome =
  | { readonly kind: 'succeeded'; readonly outputs: Record<string, ProducedOutput> }
  /** The process threw, or returned what its description does not allow. */
  | {
      readonly kind: 'failed';
      readonly fault: ExecutionFault;
      /** The process' own policy wants another attempt. @property delay milliseconds */
      readonly retry?: { readonly delay: number };
    }
  /** The code waits for something and has given its executor free; what it waits for is in the journal of its steps. */
  | { readonly kind: 'suspended' }
  /** The time limit passed; whatever came later was discarded. */
  | { readonly kind: 'timed-out'; readonly fault: ExecutionFault }
  /** The executor died under the process: a kill, memory exhausted, `process.exit`. Not the process' own verdict. */
  | { readonly kind: 'crashed'; readonly fault: ExecutionFault }
  /** The caller's signal was aborted. */
  | { readonly kind: 'cancelled' };
