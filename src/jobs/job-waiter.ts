import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Notifications } from '../database/notifications.js';
import { JOB_CHANNEL } from './job-channels.js';
import { isTerminal } from './job-state.js';
import { JobReader } from './store/job-reader.js';

/** How often the rows are looked at, in case a wake-up was lost. Milliseconds. */
const SAFETY_POLL = 2_000;

/**
 * Waits for the end of jobs, wherever they run. A notification wakes the waiter, the row decides; a poll of all awaited
 * rows at once covers lost notifications.
 */
@Injectable()
export class JobWaiter implements OnModuleInit, OnApplicationShutdown {
  private readonly waiting = new Map<string, Set<() => void>>();
  private poll: NodeJS.Timeout | undefined;

  constructor(
    private readonly reader: JobReader,
    private readonly notifications: Notifications,
  ) {}

  onModuleInit(): void {
    this.notifications.on(JOB_CHANNEL, (jobIds) => {
      for (const jobId of jobIds.split(',')) this.wake(jobId);
    });
  }

  onApplicationShutdown(): void {
    clearInterval(this.poll);
  }

  /**
   * @param timeout in milliseconds
   * @param signals each of them ends the wait; they may outlive it
   * @returns true when the job has ended (or is gone), false when the time is up or a signal was aborted
   */
  async ended(jobId: string, timeout: number, ...signals: AbortSignal[]): Promise<boolean> {
    // An aborted signal says nothing any more to those who begin to listen.
    if (signals.some(({ aborted }) => aborted)) return false;
    const { promise, release } = this.register(jobId, timeout, signals);
    // The job may have ended before the registration; from here on a wake-up cannot be missed.
    void this.check([jobId]).catch(() => undefined);
    try {
      return await promise;
    } finally {
      release();
    }
  }

  private register(jobId: string, timeout: number, signals: readonly AbortSignal[]) {
    let settle!: (ended: boolean) => void;
    const promise = new Promise<boolean>((resolve) => (settle = resolve));
    const wake = () => settle(true);
    const giveUp = () => settle(false);
    const timer = setTimeout(giveUp, Math.min(timeout, 2 ** 31 - 1));
    for (const signal of signals) signal.addEventListener('abort', giveUp, { once: true });
    const waiters = this.waiting.get(jobId) ?? new Set();
    this.waiting.set(jobId, waiters.add(wake));
    this.poll ??= setInterval(
      () => void this.check([...this.waiting.keys()]).catch(() => undefined),
      SAFETY_POLL,
    ).unref();

    const release = () => {
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener('abort', giveUp);
      waiters.delete(wake);
      if (waiters.size === 0) this.waiting.delete(jobId);
      if (this.waiting.size === 0) {
        clearInterval(this.poll);
        this.poll = undefined;
      }
    };
    return { promise, release };
  }

  /** Wakes the waiters of those jobs that have ended or are gone. */
  private async check(jobIds: string[]): Promise<void> {
    const states = new Map((await this.reader.states(jobIds)).map((row) => [row.id, row.state_type]));
    for (const jobId of jobIds) {
      const state = states.get(jobId);
      if (state === undefined || isTerminal(state)) this.wake(jobId);
    }
  }

  private wake(jobId: string): void {
    for (const wake of this.waiting.get(jobId) ?? []) wake();
  }
}
