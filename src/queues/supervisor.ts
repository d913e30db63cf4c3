import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { isDatabaseUnavailable } from '../database/database-unavailable.js';
import { QueueSilentError } from './answer-of-queue.js';
import { Leadership } from './leadership.js';
import { LostJobs } from './supervision/lost-jobs.js';
import { MissingEntries } from './supervision/missing-entries.js';
import { Retention } from './supervision/retention.js';

/** Milliseconds between the less urgent rounds. */
const ENTRIES_INTERVAL = 5_000;
const RETENTION_INTERVAL = 60_000;

/**
 * Looks after jobs that nobody looks after: lost workers, stuck dismissals, jobs without a queue entry, old history.
 * Every node has a supervisor, the leader's one works. It needs no control plane and no lossy event stream: it looks
 * at rows, on the database's clock.
 */
@Injectable()
export class Supervisor implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(Supervisor.name);
  private timer: NodeJS.Timeout | undefined;
  private closed = false;
  private round: Promise<void> = Promise.resolve();
  /** While the database was away no lease could be renewed; workers get one lease time to come back. */
  private leasesCountFrom = 0;
  private entriesDue = 0;
  private retentionDue = 0;

  constructor(
    private readonly leadership: Leadership,
    private readonly lostJobs: LostJobs,
    private readonly missingEntries: MissingEntries,
    private readonly retention: Retention,
    private readonly settings: Settings,
  ) {}

  onApplicationBootstrap(): void {
    this.leasesCountFrom = Date.now() + this.settings.LEASE;
    this.schedule();
  }

  async onApplicationShutdown(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.round;
  }

  private schedule(): void {
    if (this.closed) return;
    this.timer = setTimeout(() => {
      this.round = this.supervise().finally(() => this.schedule());
    }, this.settings.SUPERVISOR_INTERVAL);
  }

  private async supervise(): Promise<void> {
    try {
      if (!(await this.leadership.acquire())) return;
      const now = Date.now();
      if (now >= this.leasesCountFrom) await this.lostJobs.recover();
      if (now >= this.entriesDue) {
        this.entriesDue = now + ENTRIES_INTERVAL;
        await this.unlessSilent(() => this.missingEntries.dispatch());
      }
      if (now >= this.retentionDue) {
        this.retentionDue = now + RETENTION_INTERVAL;
        const more = await this.unlessSilent(() => this.retention.sweep());
        if (more) this.retentionDue = now;
      }
    } catch (error) {
      if (isDatabaseUnavailable(error)) this.leasesCountFrom = Date.now() + this.settings.LEASE;
      else this.logger.error(`A round of supervision failed: ${(error as Error).stack}`);
    }
  }

  /** A queue that is away keeps nobody from what concerns rows alone; it is asked again when the next round is due. */
  private async unlessSilent<T>(task: () => Promise<T>): Promise<T | undefined> {
    try {
      return await task();
    } catch (error) {
      if (!(error instanceof QueueSilentError)) throw error;
      this.logger.debug(error.message);
      return undefined;
    }
  }
}
