import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { isDatabaseUnavailable } from '../database/database-unavailable.js';
import { SlotQueue } from '../jobs/limits/slot-queue.js';
import { Leadership } from './leadership.js';
import { Chore } from './supervision/chore.js';
import { DueJobs } from './supervision/due-jobs.js';
import { FileRemoval } from './supervision/file-removal.js';
import { LostJobs } from './supervision/lost-jobs.js';
import { MissingEntries } from './supervision/missing-entries.js';
import { Retention } from './supervision/retention.js';
import { StorageOrphans } from './supervision/storage-orphans.js';

/** Milliseconds between two turns of what is less urgent than lost jobs. */
const ENTRIES_INTERVAL = 5_000;
const SLOTS_INTERVAL = 2_000;
const RETENTION_INTERVAL = 60_000;
const REMOVAL_INTERVAL = 5_000;

/**
 * Looks after jobs that nobody looks after: lost workers, stuck dismissals, jobs without a queue entry, old history.
 * Every node has a supervisor, the leader's one works. It needs no control plane and no lossy event stream: it looks
 * at rows, on the database's clock. Each round is about lost jobs; the rest is done beside the rounds.
 */
@Injectable()
export class Supervisor implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(Supervisor.name);
  private timer: NodeJS.Timeout | undefined;
  private closed = false;
  private round: Promise<void> = Promise.resolve();
  /** While the database was away no lease could be renewed; workers get one lease time to come back. */
  private leasesCountFrom = 0;
  private readonly chores: readonly Chore[];

  constructor(
    private readonly leadership: Leadership,
    private readonly lostJobs: LostJobs,
    missingEntries: MissingEntries,
    dueJobs: DueJobs,
    slotQueue: SlotQueue,
    retention: Retention,
    fileRemoval: FileRemoval,
    orphans: StorageOrphans,
    private readonly settings: Settings,
  ) {
    this.chores = [
      new Chore(ENTRIES_INTERVAL, () => missingEntries.dispatch()),
      new Chore(ENTRIES_INTERVAL, () => dueJobs.wake()),
      new Chore(SLOTS_INTERVAL, () => slotQueue.wakeAll()),
      new Chore(RETENTION_INTERVAL, () => retention.sweep()),
      new Chore(REMOVAL_INTERVAL, () => fileRemoval.work()),
      new Chore(RETENTION_INTERVAL, () => orphans.sweep()),
    ];
  }

  onApplicationBootstrap(): void {
    this.forgiveLeases();
    this.schedule();
  }

  async onApplicationShutdown(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.round;
    for (const chore of this.chores) await chore.ended();
  }

  private schedule(): void {
    if (this.closed) return;
    this.timer = setTimeout(() => {
      this.round = this.supervise().finally(() => this.schedule());
    }, this.settings.SUPERVISOR_INTERVAL);
  }

  private async supervise(): Promise<void> {
    try {
      const asked = Date.now();
      const leads = await this.leadership.acquire();
      // A database that was frozen answers late, to the workers as well.
      if (Date.now() - asked > this.settings.LEASE / 3) this.forgiveLeases();
      if (!leads) return;
      for (const chore of this.chores) chore.begin();
      if (Date.now() >= this.leasesCountFrom) await this.lostJobs.recover();
    } catch (error) {
      if (isDatabaseUnavailable(error)) this.forgiveLeases();
      else this.logger.error(`A round of supervision failed: ${(error as Error).stack}`);
    }
  }

  private forgiveLeases(): void {
    this.leasesCountFrom = Date.now() + this.settings.LEASE;
  }
}
