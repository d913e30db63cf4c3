import { InjectQueue } from '@nestjs/bullmq';
import { Injectable } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { HealthCheck, Unhealthy } from '../observability/health/health-check.js';
import { JOB_QUEUE, type JobEntry } from './job-queue.js';

/** The queue answers. While it does not, jobs are still accepted; they start when it is back. */
@Injectable()
export class QueueHealth extends HealthCheck {
  readonly name = 'queue';

  constructor(@InjectQueue(JOB_QUEUE) private readonly queue: Queue<JobEntry>) {
    super();
  }

  async check(): Promise<void> {
    try {
      await this.queue.getJobCounts('active');
    } catch (error) {
      throw new Unhealthy('The queue does not answer.', { cause: error });
    }
  }
}
