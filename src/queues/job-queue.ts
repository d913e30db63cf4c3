/** Name of the default work queue, and of its configuration within `@nestjs/bullmq`. */
export const JOB_QUEUE = 'sluice-jobs';

/** What a queue entry says: look at this job. Everything else is in the job's row. */
export interface JobEntry {
  readonly jobId: string;
}

/**
 * Id of the queue entry of a job's n-th dispatch. Adding an entry twice is harmless; a later dispatch is a new entry,
 * since a finished entry of the same id would swallow it.
 */
export function entryId(jobId: string, dispatches: number): string {
  return `${jobId}-${dispatches}`;
}
