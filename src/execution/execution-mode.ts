import type { Preferences } from '../ogc/prefer.js';
import type { JobControlOption } from '../processes/process-description.js';

/** How an execution is answered: with its results, or with a job to come back for. */
export interface ExecutionMode {
  readonly mode: 'sync' | 'async';
  /**
   * Seconds after which a synchronous execution that has not finished is answered as a job. Only ever set when the
   * process allows both modes.
   */
  readonly wait?: number;
  /** Whether the process honours `wait`, for `Preference-Applied`; whether `respond-async` was, the answer tells. */
  readonly applied: Pick<Preferences, 'wait'>;
}

/**
 * Chooses how to execute (OGC 18-062r2 /req/core/process-execute-default-execution-mode,
 * .../process-execute-auto-execution-mode, /rec/core/process-execute-honor-prefer). A process that declares one mode
 * gets that mode; between both, `respond-async` makes a job at once, `wait=N` waits for an answer first, and both
 * together wait, as RFC 7240 section 4.3 describes. Without a preference: synchronous.
 */
export function chooseMode(
  jobControlOptions: readonly JobControlOption[],
  { respondAsync, wait }: Pick<Preferences, 'respondAsync' | 'wait'>,
): ExecutionMode {
  if (!jobControlOptions.includes('async-execute')) return { mode: 'sync', applied: {} };
  if (!jobControlOptions.includes('sync-execute')) return { mode: 'async', applied: {} };
  if (wait === undefined) return { mode: respondAsync ? 'async' : 'sync', applied: {} };
  return wait === 0 ? { mode: 'async', applied: { wait } } : { mode: 'sync', wait, applied: { wait } };
}
