import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { isDatabaseUnavailable } from '../database/database-unavailable.js';
import { Notifications } from '../database/notifications.js';
import { CANCEL_CHANNEL } from '../jobs/job-channels.js';
import { type HeldLease, JobLeases } from '../jobs/store/job-leases.js';

/** Why a running job must stop: the client dismissed it, another node owns it now, or this node shuts down. */
export type StopReason = 'cancelled' | 'lost' | 'shutdown';

/** A job this node runs. `signal` is aborted when it must stop; `reason` then says why. */
export interface Lease extends HeldLease {
  readonly signal: AbortSignal;
  readonly reason: StopReason | undefined;
  release(): void;
}

class ActiveLease implements Lease {
  private readonly controller = new AbortController();
  reason: StopReason | undefined;

  constructor(
    readonly id: string,
    readonly epoch: number,
    private readonly released: (lease: ActiveLease) => void,
  ) {}

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  stop(reason: StopReason): void {
    this.reason ??= reason;
    this.controller.abort(reason);
  }

  release(): void {
    this.released(this);
  }
}

/**
 * Keeps the leases of all jobs this node runs, with one statement per beat. The beat also tells which jobs are being
 * dismissed and which were taken away; the cancel notification only makes it faster. While the database is away the
 * jobs go on: whether they are still ours is decided by the epoch when they end.
 */
@Injectable()
export class LeaseKeeper implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(LeaseKeeper.name);
  private readonly held = new Map<string, ActiveLease>();
  private readonly idle = new Set<() => void>();
  private timer: NodeJS.Timeout | undefined;
  private beating = false;
  private stopped: StopReason | undefined;

  constructor(
    private readonly leases: JobLeases,
    private readonly notifications: Notifications,
    private readonly settings: Settings,
  ) {}

  onModuleInit(): void {
    this.notifications.on(CANCEL_CHANNEL, (jobId) => this.held.get(jobId)?.stop('cancelled'));
    this.timer = setInterval(() => void this.beat(), Math.max(100, this.settings.LEASE / 3));
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** Begins to renew the lease of a job that was just claimed. */
  hold({ id, epoch }: HeldLease): Lease {
    const lease = new ActiveLease(id, epoch, (released) => this.drop(released));
    this.held.set(id, lease);
    if (this.stopped !== undefined) lease.stop(this.stopped);
    return lease;
  }

  /** How many jobs this node runs. */
  get size(): number {
    return this.held.size;
  }

  /** Stops every job that still runs here, and every one that a claim under way would yet start. */
  stopAll(reason: StopReason): void {
    this.stopped = reason;
    for (const lease of this.held.values()) lease.stop(reason);
  }

  /** Resolves when this node runs no job any more. */
  async whenIdle(): Promise<void> {
    if (this.held.size === 0) return;
    await new Promise<void>((resolve) => this.idle.add(resolve));
  }

  private drop(lease: ActiveLease): void {
    if (this.held.get(lease.id) === lease) this.held.delete(lease.id);
    if (this.held.size > 0) return;
    for (const resolve of this.idle) resolve();
    this.idle.clear();
  }

  private async beat(): Promise<void> {
    if (this.held.size === 0 || this.beating) return;
    this.beating = true;
    const held = [...this.held.values()];
    try {
      const renewed = new Map((await this.leases.renew(held, this.settings.LEASE)).map((row) => [row.id, row]));
      for (const lease of held) {
        const row = renewed.get(lease.id);
        if (row?.state_type === 'CANCELLING') lease.stop('cancelled');
        else if (row === undefined && this.held.get(lease.id) === lease) lease.stop('lost');
      }
    } catch (error) {
      const message = `Leases could not be renewed: ${(error as Error).message}`;
      if (isDatabaseUnavailable(error)) this.logger.warn(message);
      else this.logger.error(message);
    } finally {
      this.beating = false;
    }
  }
}
