import { InjectQueue } from '@nestjs/bullmq';
import { Injectable, Logger } from '@nestjs/common';
import type { Queue } from 'bullmq';
import type { Redispatch } from '../../jobs/store/job-leases.js';
import { JobRecovery } from '../../jobs/store/job-recovery.js';
import { Dispatcher } from '../dispatcher.js';
import { answerOfQueue } from '../answer-of-queue.js';
import { entryId, JOB_QUEUE, type JobEntry } from '../job-queue.js';

/** A younger job may be on its way to the queue. Milliseconds. */
const SETTLED_AGE = 5_000;
const PAGE = 500;
/** Entries the queue is asked for at once. */
const LOOKUPS = 50;
/** Stale entries may hide missing ones from the count, so now and then every waiting job is looked at. */
const FULL_CHECK_INTERVAL = 60_000;
/** Entry states in which a worker will still come to the job. */
const ALIVE = new Set(['waiting', 'active', 'delayed', 'prioritized', 'waiting-children']);

/** Waiting jobs that the queue knows nothing of: it was away when they were accepted, or it lost its data. */
@Injectable()
export class MissingEntries {
  private readonly logger = new Logger(MissingEntries.name);
  private fullCheckDue = 0;

  constructor(
    private readonly recovery: JobRecovery,
    private readonly dispatcher: Dispatcher,
    @InjectQueue(JOB_QUEUE) private readonly queue: Queue<JobEntry>,
  ) {}

  /** Two counts tell whether anything is missing; only then are entries looked up one by one. */
  async dispatch(): Promise<void> {
    const waiting = await this.recovery.countWaiting(SETTLED_AGE);
    if (waiting === 0) return;
    const counts = await answerOfQueue(this.queue.getJobCounts('waiting', 'delayed', 'prioritized'));
    const entries = Object.values(counts).reduce((sum, count) => sum + count, 0);
    const full = Date.now() >= this.fullCheckDue;
    if (entries >= waiting && !full) return;
    if (full) this.fullCheckDue = Date.now() + FULL_CHECK_INTERVAL;
    await this.checkEach();
  }

  private async checkEach(): Promise<void> {
    let after: string | undefined;
    let dispatched = 0;
    for (;;) {
      const page = await this.recovery.waiting(SETTLED_AGE, after, PAGE);
      const missing = await this.withoutEntry(page);
      if (missing.length > 0) {
        for (const job of await this.recovery.redispatch(missing.map(({ id }) => id))) this.dispatcher.dispatch(job);
        dispatched += missing.length;
      }
      after = page.at(-1)?.id;
      if (page.length < PAGE) break;
    }
    if (dispatched > 0) this.logger.warn(`${dispatched} waiting job(s) had no queue entry and got one.`);
  }

  private async withoutEntry(jobs: readonly Redispatch[]): Promise<Redispatch[]> {
    const missing: Redispatch[] = [];
    for (let start = 0; start < jobs.length; start += LOOKUPS) {
      const some = jobs.slice(start, start + LOOKUPS);
      const lookups = some.map((job) => this.queue.getJobState(entryId(job.id, job.dispatches)));
      const states = await answerOfQueue(Promise.all(lookups));
      missing.push(...some.filter((_, index) => !ALIVE.has(states[index])));
    }
    return missing;
  }
}
