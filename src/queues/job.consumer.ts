import { OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { type Job as Entry, WaitingError } from 'bullmq';
import { Settings } from '../config/settings.js';
import { untilAvailable } from '../database/until-available.js';
import { JobLeases } from '../jobs/store/job-leases.js';
import { JOB_QUEUE, type JobEntry } from './job-queue.js';
import { JobRunner } from './job-runner.js';
import { NodeIdentity } from './node-identity.js';

/**
 * Takes entries from the work queue. BullMQ's lock matters only until the job is claimed; from then on the lease
 * rules, hence the stall counter may rise without harm. Finished entries stay until the supervisor sweeps them:
 * removing each one as it ends costs PostgreSQL half its rate. A queue that is away is tried again every second.
 */
@Injectable()
@Processor(
  { name: JOB_QUEUE, configKey: JOB_QUEUE },
  { autorun: false, lockDuration: 15_000, stalledInterval: 5_000, maxStalledCount: 1_000_000, runRetryDelay: 1_000 },
)
export class JobConsumer
  extends WorkerHost
  implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown
{
  private readonly logger = new Logger(JobConsumer.name);
  private away = false;
  private leaving = false;

  constructor(
    private readonly leases: JobLeases,
    private readonly runner: JobRunner,
    private readonly node: NodeIdentity,
    private readonly settings: Settings,
  ) {
    super();
  }

  onApplicationBootstrap(): void {
    this.worker.concurrency = this.settings.WORKER_CONCURRENCY;
    this.worker.on('active', () => (this.away = false));
    // Settles when the worker closes; errors arrive at the listener above.
    void this.worker.run().catch((error: Error) => this.logger.error(`The worker ended: ${error.message}`));
  }

  /** Listens from the worker's creation on: BullMQ prints the errors nobody listens to. */
  @OnWorkerEvent('error')
  onError(error: Error): void {
    if (!this.away) this.logger.warn(`The queue cannot be reached, this worker waits for it: ${error.message}`);
    this.away = true;
  }

  /** Takes no new entry. Jobs that run are drained by the queues' shutdown. */
  async beforeApplicationShutdown(): Promise<void> {
    this.leaving = true;
    await this.worker.pause(true);
  }

  /** Lets go of the queue's connections, before the pool they belong to is closed. */
  async onApplicationShutdown(): Promise<void> {
    await this.worker.close();
  }

  /** One queue entry: a job that is no longer waiting is somebody else's business, and the entry is done with. */
  async process(entry: Entry<JobEntry>, token?: string): Promise<void> {
    if (this.leaving) {
      // A paused worker still gets what it had asked for before; another one shall have it, at once.
      await entry.moveToWait(token);
      throw new WaitingError();
    }
    const { jobId } = entry.data;
    const job = await untilAvailable(() => this.leases.claim(jobId, this.node.id, this.settings.LEASE));
    if (job !== undefined) await this.runner.runClaimed(job);
  }
}
