import { OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { DelayedError, type Job as Entry, WaitingError } from 'bullmq';
import { Settings } from '../config/settings.js';
import { untilAvailable } from '../database/until-available.js';
import { JobEntrance } from '../jobs/limits/job-entrance.js';
import { compatibilityKey, JobLeases } from '../jobs/store/job-leases.js';
import { ProcessRegistry } from '../processes/process-registry.js';
import { DELAY_MARGIN, entryId, JOB_QUEUE, type JobEntry, LONGEST_DELAY } from './job-queue.js';
import { JobRunner } from './job-runner.js';
import { NodeIdentity } from './node-identity.js';
import { TaskClaims } from '../tasks/store/task-claims.js';
import { TaskRunner } from './task-runner.js';

/** How long an entry that this worker cannot serve is left to the others. Milliseconds. */
const FOREIGN_DELAY = 1_000;

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
  /** What this node can run, see {@link compatibilityKey}. */
  private known: readonly string[] = [];

  constructor(
    private readonly registry: ProcessRegistry,
    private readonly leases: JobLeases,
    private readonly entrance: JobEntrance,
    private readonly runner: JobRunner,
    private readonly claims: TaskClaims,
    private readonly tasks: TaskRunner,
    private readonly node: NodeIdentity,
    private readonly settings: Settings,
  ) {
    super();
  }

  onApplicationBootstrap(): void {
    this.known = this.registry.list().map(({ description: { id, version } }) => compatibilityKey(id, version));
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

  /** One queue entry: a job, or a task of one, that is no longer waiting is somebody else's business, and the entry is done with. */
  async process(entry: Entry<JobEntry>, token?: string): Promise<void> {
    if (this.leaving) {
      // A paused worker still gets what it had asked for before; another one shall have it, at once.
      await entry.moveToWait(token);
      throw new WaitingError();
    }
    const { jobId, task } = entry.data;
    if (task !== undefined) return await this.processTask(entry, jobId, task, token);
    const job = await untilAvailable(() => this.leases.claim(jobId, this.node.id, this.settings.LEASE, this.known));
    if (job !== undefined) await this.runner.runClaimed(job);
    else await this.putOff(entry, token);
  }

  private async processTask(entry: Entry<JobEntry>, jobId: string, key: string, token?: string): Promise<void> {
    const { id, known, lease } = { id: this.node.id, known: this.known, lease: this.settings.LEASE };
    const task = await untilAvailable(() => this.claims.claim(jobId, key, id, lease, known));
    if (task !== undefined) return await this.tasks.run(task);
    const waits = await untilAvailable(() => this.claims.postponed(jobId, key, known));
    if (waits === undefined || waits.known || entry.id !== entryId(jobId, waits.dispatches, key)) return;
    await entry.moveToDelayed(Date.now() + FOREIGN_DELAY, token);
    throw new DelayedError();
  }

  /** Runs a job that has to ask before it runs, unless it has to wait, or its results are known. */
  private async ask(jobId: string): Promise<void> {
    const worker = {
      id: this.node.id,
      lease: this.settings.LEASE,
      known: this.known,
      versionOf: (processId: string) => this.registry.find(processId)?.description.version,
    };
    const job = await untilAvailable(() => this.entrance.claim(jobId, worker));
    if (job !== undefined) await this.runner.runClaimed(job);
  }

  /** A job that is not due yet, or that another worker has to run, is looked at again later. */
  private async putOff(entry: Entry<JobEntry>, token?: string): Promise<void> {
    const { jobId } = entry.data;
    const waits = await untilAvailable(() => this.leases.postponed(jobId, this.known));
    if (waits?.is_guarded && waits.known && waits.due_in === 0) return await this.ask(jobId);
    // A later dispatch of the job has an entry of its own.
    if (waits === undefined || entry.id !== entryId(jobId, waits.dispatches)) return;
    const delay = Math.max(waits.due_in + DELAY_MARGIN, waits.known ? 0 : FOREIGN_DELAY);
    await entry.moveToDelayed(Date.now() + Math.ceil(Math.min(delay, LONGEST_DELAY)), token);
    throw new DelayedError();
  }
}
