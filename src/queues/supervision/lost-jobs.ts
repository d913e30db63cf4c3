import { Injectable, Logger } from '@nestjs/common';
import { JobCancellation } from '../../jobs/store/job-cancellation.js';
import { JobCompletion } from '../../jobs/store/job-completion.js';
import { JobRecovery } from '../../jobs/store/job-recovery.js';
import { Dispatcher } from '../dispatcher.js';

const BATCH = 200;

/** Jobs whose worker went silent (promise P6), and dismissals that no worker confirms. */
@Injectable()
export class LostJobs {
  private readonly logger = new Logger(LostJobs.name);

  constructor(
    private readonly recovery: JobRecovery,
    private readonly completion: JobCompletion,
    private readonly cancellation: JobCancellation,
    private readonly dispatcher: Dispatcher,
  ) {}

  async recover(): Promise<void> {
    for (const job of await this.recovery.lost(BATCH)) {
      const fault = { code: 'crashed' as const, detail: 'The worker of the job went silent.' };
      const recovered = await this.completion.crash(job, fault);
      if (recovered === undefined) continue;
      this.logger.warn(
        `Job ${job.id} lost its worker and is ${recovered.state_type === 'SCHEDULED' ? 'queued again' : 'given up'}.`,
      );
      if (recovered.state_type === 'SCHEDULED') this.dispatcher.dispatch(recovered);
    }
    for (const jobId of await this.recovery.stuckCancelling(BATCH)) {
      if (await this.cancellation.force(jobId))
        this.logger.warn(`Job ${jobId} was dismissed without word from its worker.`);
    }
  }
}
