import { setTimeout as delay } from 'node:timers/promises';
import { InjectQueue } from '@nestjs/bullmq';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { answerOfQueue } from './answer-of-queue.js';
import { JobDispatch } from '../jobs/job-dispatch.js';
import type { Redispatch } from '../jobs/store/job-leases.js';
import { DELAY_MARGIN, entryId, JOB_QUEUE, type JobEntry, LONGEST_DELAY } from './job-queue.js';

/** Entries beyond this wait for the supervisor, which finds jobs without an entry. */
const MOST_PENDING = 50_000;
const LARGEST_BATCH = 500;
/** How long {@link Dispatcher.flush} waits for a queue that is away. Milliseconds. */
const FLUSH_LIMIT = 2_000;

interface PendingEntry extends Redispatch {
  /** milliseconds */
  readonly delay: number;
}

/**
 * Puts jobs on the queue. While one batch is on its way the next one gathers, so that many executions at once cost one
 * round trip, and a single one waits for nobody. A queue that is away loses nothing: the job's row is the truth, and
 * the supervisor dispatches what waits without an entry.
 */
@Injectable()
export class Dispatcher extends JobDispatch implements OnModuleInit {
  private readonly logger = new Logger(Dispatcher.name);
  private pending: PendingEntry[] = [];
  private sending: Promise<void> | undefined;
  private away = false;

  constructor(@InjectQueue(JOB_QUEUE) private readonly queue: Queue<JobEntry>) {
    super();
  }

  onModuleInit(): void {
    // BullMQ repeats connection errors while it reconnects; what matters is logged where a dispatch fails.
    this.queue.on('error', (error) => this.logger.debug(`Queue connection: ${error.message}`));
  }

  /** @param delay milliseconds until a worker looks at the job; when it is not due yet then, it is put off again */
  dispatch({ id, dispatches, task }: Redispatch, delay = 0): void {
    if (this.pending.length >= MOST_PENDING) return;
    this.pending.push({ id, dispatches, task, delay });
    this.sending ??= this.send();
  }

  /** Whether the queue answers. One that is away may still have entries; nobody takes them until it is back. */
  async answers(): Promise<boolean> {
    return await answerOfQueue(this.queue.getJobCounts('active')).then(
      () => true,
      () => false,
    );
  }

  /**
   * Resolves when everything handed to {@link dispatch} so far is on the queue, or could not be put there in time: a
   * Redis that is away keeps its commands waiting.
   */
  async flush(): Promise<void> {
    const sent = new AbortController();
    const limit = delay(FLUSH_LIMIT, undefined, { signal: sent.signal }).catch(() => undefined);
    await Promise.race([this.sending, limit]);
    sent.abort();
  }

  private async send(): Promise<void> {
    while (this.pending.length > 0) {
      const batch = this.pending.splice(0, LARGEST_BATCH);
      try {
        await this.add(batch);
        if (this.away) this.logger.log('The queue is reachable again.');
        this.away = false;
      } catch (error) {
        if (!this.away) this.logger.warn(`The queue cannot be reached, jobs wait for it: ${(error as Error).message}`);
        this.away = true;
      }
    }
    this.sending = undefined;
  }

  private async add(batch: readonly PendingEntry[]): Promise<void> {
    const entries = batch.map(({ id, dispatches, task, delay }) => ({
      name: 'job',
      data: { jobId: id, ...(task !== undefined && { task }) },
      opts: {
        jobId: entryId(id, dispatches, task),
        ...(delay > 0 && { delay: Math.min(Math.ceil(delay) + DELAY_MARGIN, LONGEST_DELAY) }),
      },
    }));
    if (entries.length === 1) await this.queue.add('job', entries[0].data, entries[0].opts);
    else await this.queue.addBulk(entries);
  }
}
