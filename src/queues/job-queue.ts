import { createHash } from 'node:crypto';

/** Name of the default work queue, and of its configuration within `@nestjs/bullmq`. */
export const JOB_QUEUE = 'sluice-jobs';

/** What a queue entry says: look at this job, or at this task of it. Everything else is in the row. */
export interface JobEntry {
  readonly jobId: string;
  /** Key of the task. */
  readonly task?: string;
}

/**
 * Id of the queue entry of the n-th dispatch of a job, or of a task of it. Adding an entry twice is harmless; a later dispatch is a new entry,
 * since a finished entry of the same id would swallow it.
 */
export function entryId(jobId: string, dispatches: number, task?: string): string {
  if (task === undefined) return `${jobId}-${dispatches}`;
  // A key has any length and characters that an entry's id must not have.
  return `${jobId}-${createHash('sha256').update(task).digest('hex').slice(0, 32)}-${dispatches}`;
}

/** Added to a delay, so that a job is due by the database's clock when its entry comes. Milliseconds. */
export const DELAY_MARGIN = 20;

/** An entry is put off for this long at most; whoever takes it puts it off again. Milliseconds. */
export const LONGEST_DELAY = 6 * 3_600_000;
