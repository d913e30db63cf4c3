import { Injectable, Logger } from '@nestjs/common';
import { isDatabaseUnavailable } from '../../database/database-unavailable.js';
import { JobCancellation } from '../../jobs/store/job-cancellation.js';
import { JobCompletion } from '../../jobs/store/job-completion.js';
import { JobRecovery } from '../../jobs/store/job-recovery.js';
import type { HeldLease } from '../../jobs/store/job-leases.js';
import { type HeldTask, TaskClaims } from '../../tasks/store/task-claims.js';
import { TaskRecovery } from '../../tasks/store/task-recovery.js';
import { Dispatcher } from '../dispatcher.js';

const BATCH = 200;

/** Jobs whose worker went silent (promise P6), and dismissals that no worker confirms. */
@Injectable()
export class LostJobs {
  private readonly logger = new Logger(LostJobs.name);

  constructor(
    private readonly recovery: JobRecovery,
    private readonly completion: JobCompletion,
    private readonly tasks: TaskRecovery,
    private readonly claims: TaskClaims,
    private readonly cancellation: JobCancellation,
    private readonly dispatcher: Dispatcher,
  ) {}

  /**
   * One job that cannot be recovered keeps no other waiting.
   * @throws the error of a database that is away
   */
  async recover(): Promise<void> {
    await this.lookAfter(
      () => this.recovery.lost(BATCH),
      (held) => held.id,
      (held) => this.requeue(held),
    );
    await this.lookAfter(
      () => this.tasks.lost(BATCH),
      (held) => held.id,
      (held) => this.requeueTask(held),
    );
    await this.lookAfter(
      () => this.recovery.stuckCancelling(BATCH),
      (jobId) => jobId,
      (jobId) => this.dismiss(jobId),
    );
  }

  private async requeue(job: HeldLease): Promise<void> {
    const fault = { code: 'crashed' as const, detail: 'The worker of the job went silent.' };
    const recovered = await this.completion.crash(job, fault);
    if (recovered === undefined) return;
    this.logger.warn(
      `Job ${job.id} lost its worker and is ${recovered.state_type === 'SCHEDULED' ? 'queued again' : 'given up'}.`,
    );
    if (recovered.state_type === 'SCHEDULED') this.dispatcher.dispatch(recovered);
  }

  private async requeueTask(held: HeldTask): Promise<void> {
    const fault = { name: 'WorkerLostError', message: 'The worker of the task went silent.' };
    if (await this.claims.crash(held, fault)) {
      this.logger.warn(`The task "${held.task}" of job ${held.id} lost its worker.`);
    }
  }

  private async dismiss(jobId: string): Promise<void> {
    if (await this.cancellation.force(jobId)) {
      this.logger.warn(`Job ${jobId} was dismissed without word from its worker.`);
    }
  }

  private async lookAfter<T>(find: () => Promise<T[]>, idOf: (job: T) => string, act: (job: T) => Promise<void>) {
    const jobs = (await this.logged('Lost jobs cannot be looked for', find)) ?? [];
    for (const job of jobs) await this.logged(`Job ${idOf(job)} cannot be recovered`, () => act(job));
  }

  /** Logs what goes wrong, except that the database is away: then nothing else would go well either. */
  private async logged<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (isDatabaseUnavailable(error)) throw error;
      this.logger.error(`${what}: ${(error as Error).stack}`);
      return undefined;
    }
  }
}
