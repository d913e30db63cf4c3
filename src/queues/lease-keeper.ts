import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { isDatabaseUnavailable } from '../database/database-unavailable.js';
import { Notifications } from '../database/notifications.js';
import { type Stop, stopError, type StopSignal } from '../engine/time-limit.js';
import { CANCEL_CHANNEL, JOB_CHANNEL } from '../jobs/job-channels.js';
import { isTerminal } from '../jobs/job-state.js';
import { type HeldLease, JobLeases, type RenewedLease } from '../jobs/store/job-leases.js';
import { type HeldTask, TaskClaims } from '../tasks/store/task-claims.js';

/** Why a running job must stop: the client dismissed it, another node owns it now, or this node shuts down. */
export type StopReason = 'cancelled' | 'lost' | 'shutdown';

/** A job this node runs, or a task of one. It is itself what tells the run to stop. */
export interface Lease extends HeldLease, StopSignal, Stop {
  /** Why it must stop, once it must. */
  readonly stopReason: StopReason | undefined;
  /** Notes that what became of the job could not be put on record under this claim. */
  refuse(): void;
  release(): void;
}

class ActiveLease implements Lease {
  /** Makes its signal when that is first asked for, and most runs are over before anybody does. */
  private readonly controller = new AbortController();
  stopReason: StopReason | undefined;
  isRefused = false;

  constructor(
    readonly id: string,
    readonly epoch: number,
    readonly task: string | undefined,
    private readonly released: (lease: ActiveLease) => void,
  ) {}

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  get aborted(): boolean {
    return this.stopReason !== undefined;
  }

  get reason(): Error {
    return this.signal.reason as Error;
  }

  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void {
    this.signal.addEventListener(type, listener, options);
  }

  removeEventListener(type: 'abort', listener: () => void): void {
    this.signal.removeEventListener(type, listener);
  }

  stop(reason: StopReason): void {
    this.stopReason ??= reason;
    this.controller.abort(stopError('cancelled'));
  }

  refuse(): void {
    this.isRefused = true;
  }

  release(): void {
    this.released(this);
  }
}

/** The same job is held once at most, and so is each of its tasks. */
function nameOf({ id, task }: Pick<HeldLease, 'id' | 'task'>): string {
  return task === undefined ? id : `${id}/${task}`;
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
  /** When the heart was last heard, in milliseconds of the monotonic clock. */
  private heard = performance.now();
  private stopped: StopReason | undefined;

  constructor(
    private readonly leases: JobLeases,
    private readonly tasks: TaskClaims,
    private readonly notifications: Notifications,
    private readonly settings: Settings,
  ) {}

  onModuleInit(): void {
    this.notifications.on(CANCEL_CHANNEL, (jobId) => this.stopWhere((lease) => lease.id === jobId));
    // The flow need not run for its tasks to do so; when the job has ended nobody wants them any more.
    this.notifications.on(JOB_CHANNEL, (jobIds) =>
      this.stopWhere(({ id, task }) => task !== undefined && jobIds.includes(id)),
    );
    this.timer = setInterval(
      () => {
        void this.beat();
        this.heard = performance.now();
      },
      Math.max(100, this.settings.LEASE / 3),
    );
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** Begins to renew the lease of a job that was just claimed. */
  hold({ id, epoch, task }: HeldLease): Lease {
    const lease = new ActiveLease(id, epoch, task, (released) => this.drop(released));
    this.held.set(nameOf(lease), lease);
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
    if (this.held.get(nameOf(lease)) === lease) this.held.delete(nameOf(lease));
    if (this.held.size > 0) return;
    for (const resolve of this.idle) resolve();
    this.idle.clear();
  }

  private stopWhere(isConcerned: (lease: ActiveLease) => boolean): void {
    for (const lease of this.held.values()) if (isConcerned(lease)) lease.stop('cancelled');
  }

  /** One statement for all jobs, and one for all tasks. */
  private async renew(held: readonly ActiveLease[]): Promise<RenewedLease[]> {
    const { LEASE } = this.settings;
    const jobs = held.filter(({ task }) => task === undefined);
    const tasks = held.filter((lease): lease is ActiveLease & HeldTask => lease.task !== undefined);
    const [ofJobs, ofTasks] = await Promise.all([
      jobs.length === 0 ? [] : this.leases.renew(jobs, LEASE),
      tasks.length === 0 ? [] : this.tasks.renew(tasks, LEASE),
    ]);
    return [...ofJobs, ...ofTasks];
  }

  private async beat(): Promise<void> {
    if (this.held.size === 0 || this.beating) return;
    this.beating = true;
    const held = [...this.held.values()];
    const silence = performance.now() - this.heard;
    let lost = 0;
    try {
      const renewed = new Map((await this.renew(held)).map((row) => [nameOf(row), row]));
      for (const lease of held) {
        const row = renewed.get(nameOf(lease));
        // Of a task the lease holds until its code has ended, whatever became of its job.
        if (row !== undefined && (row.state_type === 'CANCELLING' || isTerminal(row.state_type)))
          lease.stop('cancelled');
        else if (row === undefined) {
          const isHeld = this.held.get(nameOf(lease)) === lease;
          // One that was released meanwhile has no lease to renew, whether it came to its end here or was lost before.
          if (isHeld || lease.isRefused) lost += 1;
          if (isHeld) lease.stop('lost');
        }
      }
      if (lost > 0 && silence > this.settings.LEASE) this.tellOfSilence(lost, silence);
    } catch (error) {
      const message = `Leases could not be renewed: ${(error as Error).message}`;
      if (isDatabaseUnavailable(error)) this.logger.warn(message);
      else this.logger.error(message);
    } finally {
      this.beating = false;
    }
  }

  /** Whoever looks for the reason why jobs of this node began anew elsewhere finds it here. */
  private tellOfSilence(lost: number, silence: number): void {
    this.logger.warn(
      `The event loop was blocked for ${(silence / 1_000).toFixed(1)} s, so ${lost} job(s) were lost to other workers. ` +
        `Code that blocks belongs into a process with isolation: 'child'.`,
    );
  }
}
