import { Injectable } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { JobFiles } from './job-files.js';
import { isTerminal } from './job-state.js';
import { JobWaiter } from './job-waiter.js';
import type { JobStatusRow } from './store/job-row.js';
import { JobCancellation } from './store/job-cancellation.js';
import { JobReader } from './store/job-reader.js';

/** On top of the grace time: for the worker to kill what does not stop, and to say so. Milliseconds. */
const CONFIRMATION_TIME = 3_000;

/** What became of a job that was to be dismissed: stopped, its row stays; or, being finished, removed with its outputs. */
export interface Dismissal {
  /** The dismissed job, or the last status of the removed one. */
  readonly job: JobStatusRow;
  readonly outcome: 'dismissed' | 'removed';
}

/**
 * Dismisses jobs. One that waits is dismissed at once; one that runs is stopped, and the answer comes when its code
 * has ended; one that is finished is removed with its outputs. The row decides every race: a job ends successful or
 * dismissed, never both.
 */
@Injectable()
export class DismissalService {
  constructor(
    private readonly reader: JobReader,
    private readonly cancellation: JobCancellation,
    private readonly waiter: JobWaiter,
    private readonly files: JobFiles,
    private readonly settings: Settings,
  ) {}

  /** @throws DomainError `no-such-job` */
  async dismiss(jobId: string): Promise<Dismissal> {
    const job = await this.reader.get(jobId);
    if (isTerminal(job.state_type)) return await this.remove(job);

    const state = (await this.cancellation.request(jobId)) ?? (await this.reader.get(jobId)).state_type;
    if (state === 'CANCELLING') {
      const patience = this.settings.CANCEL_GRACE + CONFIRMATION_TIME;
      if (!(await this.waiter.ended(jobId, patience))) await this.cancellation.force(jobId);
    }
    const ended = await this.reader.get(jobId);
    // It finished by itself just before the request reached its row: then the client dismisses a finished job.
    return ended.state_type === 'CANCELLED' ? { job: ended, outcome: 'dismissed' } : await this.remove(ended);
  }

  private async remove(job: JobStatusRow): Promise<Dismissal> {
    const removed = await this.cancellation.remove(job.id);
    await this.files.remove(job.id);
    return { job: removed ?? job, outcome: 'removed' };
  }
}
