import { InjectQueue } from '@nestjs/bullmq';
import { Injectable, Logger } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { JobCancellation, WITH_ITS_PARENT } from '../../jobs/store/job-cancellation.js';
import { JobRecovery } from '../../jobs/store/job-recovery.js';
import { Dispatcher } from '../dispatcher.js';
import { JOB_QUEUE, type JobEntry } from '../job-queue.js';
import { hurryEntries } from './entries.js';

/** A job that has been due for less may have an entry that is about to be taken. Milliseconds. */
const SETTLED_AGE = 5_000;
/** Jobs that one turn looks at. */
const BATCH = 200;

/**
 * Jobs that wait for a time which has come, and whose entry did not: the queue lost it, or a node ended before it was
 * made. And jobs whose parents were dismissed while they were being accepted.
 */
@Injectable()
export class DueJobs {
  private readonly logger = new Logger(DueJobs.name);
  /** Up to which job those that are due have been looked at. */
  private after: string | undefined;

  constructor(
    private readonly recovery: JobRecovery,
    private readonly cancellation: JobCancellation,
    private readonly dispatcher: Dispatcher,
    @InjectQueue(JOB_QUEUE) private readonly queue: Queue<JobEntry>,
  ) {}

  /**
   * Looks at a limited number of jobs; the next turn goes on from there.
   * @returns whether there are more to be looked at
   * @throws QueueSilentError while the queue is away
   */
  async wake(): Promise<boolean> {
    for (const jobId of await this.recovery.leftChildren(BATCH)) {
      await this.cancellation.request(jobId, WITH_ITS_PARENT);
    }
    const due = await this.recovery.due(SETTLED_AGE, this.after, BATCH);
    this.after = due.length < BATCH ? undefined : due.at(-1)?.id;
    const missing = await hurryEntries(this.queue, due);
    if (missing.length > 0) {
      for (const job of await this.recovery.redispatch(missing.map(({ id }) => id))) this.dispatcher.dispatch(job);
      this.logger.warn(`${missing.length} job(s) that are due had no queue entry and got one.`);
    }
    return this.after !== undefined;
  }
}
