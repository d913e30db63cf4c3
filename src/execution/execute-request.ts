import type { ResponsePreferences, Subscriber } from '../jobs/job.types.js';

/** An execute request (execute.yaml of 1.0 and 2.0) whose structure is right; the inputs are still as sent. */
export interface ExecuteRequest extends ResponsePreferences {
  /** By input id: values, qualified values, references, or lists of these. May hold unknown ids. */
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly subscriber?: Subscriber;
}
