import { InjectQueue } from '@nestjs/bullmq';
import { Injectable, Logger } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { JobRecovery } from '../../jobs/store/job-recovery.js';
import { TaskRecovery, type WaitingTask } from '../../tasks/store/task-recovery.js';
import { Dispatcher } from '../dispatcher.js';
import { answerOfQueue } from '../answer-of-queue.js';
import { JOB_QUEUE, type JobEntry } from '../job-queue.js';
import { hurryEntries } from './entries.js';

/** A younger job may be on its way to the queue. Milliseconds. */
const SETTLED_AGE = 5_000;
const PAGE = 500;
/** Pages of one turn; the next one goes on from there. */
const PAGES = 4;
/** Stale entries may hide missing ones from the count, so now and then every waiting job is looked at. */
const FULL_CHECK_INTERVAL = 60_000;

/** Jobs and tasks waiting for a worker that the queue knows nothing of: it was away when they were accepted, or it lost its data. */
@Injectable()
export class MissingEntries {
  private readonly logger = new Logger(MissingEntries.name);
  private fullCheckDue = 0;
  /** Up to which job the waiting ones have been looked at, while a look is not at its end. */
  private after: string | undefined;
  private afterTask: WaitingTask | undefined;

  constructor(
    private readonly recovery: JobRecovery,
    private readonly tasks: TaskRecovery,
    private readonly dispatcher: Dispatcher,
    @InjectQueue(JOB_QUEUE) private readonly queue: Queue<JobEntry>,
  ) {}

  /**
   * Two counts tell whether anything is missing; only then are entries looked up one by one, a limited number at a time.
   * @returns whether there are more to be looked up
   * @throws QueueSilentError while the queue is away
   */
  async dispatch(): Promise<boolean> {
    const isUnderWay = this.after !== undefined || this.afterTask !== undefined;
    if (!isUnderWay && !(await this.isLookDue())) return false;
    const isMore = isUnderWay && this.after === undefined ? false : await this.look();
    return (await this.lookAtTasks()) || isMore;
  }

  private async isLookDue(): Promise<boolean> {
    const jobs = await this.recovery.countWaiting(SETTLED_AGE);
    const waiting = jobs + (await this.tasks.countWaiting(SETTLED_AGE));
    if (waiting === 0) return false;
    const counts = await answerOfQueue(this.queue.getJobCounts('waiting', 'delayed', 'prioritized'));
    // Delayed entries belong first of all to jobs that wait for a time; those are looked after elsewhere.
    const postponed = await this.recovery.countPostponed();
    const entries = counts.waiting + counts.prioritized + Math.max(0, counts.delayed - postponed);
    const full = Date.now() >= this.fullCheckDue;
    if (entries >= waiting && !full) return false;
    if (full) this.fullCheckDue = Date.now() + FULL_CHECK_INTERVAL;
    return true;
  }

  private async lookAtTasks(): Promise<boolean> {
    const page = await this.tasks.waiting(SETTLED_AGE, this.afterTask, PAGE);
    const missing = await hurryEntries(this.queue, page);
    for (const task of await this.tasks.redispatch(missing)) this.dispatcher.dispatch(task);
    if (missing.length > 0) this.logger.warn(`${missing.length} waiting task(s) had no queue entry and got one.`);
    this.afterTask = page.length < PAGE ? undefined : page.at(-1);
    return this.afterTask !== undefined;
  }

  private async look(): Promise<boolean> {
    let dispatched = 0;
    for (let pages = 0; pages < PAGES; pages += 1) {
      const page = await this.recovery.waiting(SETTLED_AGE, this.after, PAGE);
      const missing = await hurryEntries(this.queue, page);
      if (missing.length > 0) {
        for (const job of await this.recovery.redispatch(missing.map(({ id }) => id))) this.dispatcher.dispatch(job);
        dispatched += missing.length;
      }
      this.after = page.length < PAGE ? undefined : page.at(-1)?.id;
      if (this.after === undefined) break;
    }
    if (dispatched > 0) this.logger.warn(`${dispatched} waiting job(s) had no queue entry and got one.`);
    return this.after !== undefined;
  }
}
