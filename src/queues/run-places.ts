import { Injectable } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import type { RegisteredProcess } from '../processes/registered-process.js';

/** A process whose last run took no longer is short: its way through the queue would cost more. Milliseconds. */
const SHORT_RUN = 20;
/** As many as go into one statement. */
const MOST_BEGINNING = 200;
/** How long a short job that has begun waits for a place before it goes to the queue after all. Milliseconds. */
const PATIENCE = 250;

/**
 * The places of this node for the code of jobs, WORKER_CONCURRENCY of them. What comes from the queue takes its place at
 * once, since the queue hands out no more than there are. What it leaves free is for jobs of short processes: they begin
 * on the node that accepts them, without the queue.
 */
@Injectable()
export class RunPlaces {
  private readonly lastRuns = new Map<string, number>();
  private readonly waiting = new Set<(isFree: boolean) => void>();
  private readonly places: number;
  private taken = 0;
  /** Jobs on their way into the database as running here, whose code has no place yet. */
  private beginning = 0;

  constructor({ WORKER_CONCURRENCY }: Settings) {
    this.places = WORKER_CONCURRENCY;
  }

  /** Runs code of a process that came from the queue. */
  run<T>(processId: string, code: () => Promise<T>): Promise<T> {
    this.taken += 1;
    return this.runInPlace(processId, code);
  }

  /**
   * Whether a job of the process shall begin here at once. No place is held for it while its row is written; hence the
   * bound on how many may be on their way. Those that are as short as the last run are let in together, as many as have
   * run, one after the other, in half of their patience: they share statements.
   */
  canBegin({ description: { id }, policy, tasks }: RegisteredProcess): boolean {
    const lastRun = this.lastRuns.get(id) ?? Infinity;
    return (
      policy.isolation === 'inline' &&
      // A flow may wait for its tasks, which need places too.
      tasks === undefined &&
      lastRun <= SHORT_RUN &&
      this.taken < this.places &&
      this.beginning < Math.max(2 * this.places, Math.min(MOST_BEGINNING, PATIENCE / 2 / lastRun))
    );
  }

  /** @param accept writes a job that can begin as running here */
  async begin<T>(accept: () => Promise<T>): Promise<T> {
    this.beginning += 1;
    try {
      return await accept();
    } finally {
      this.beginning -= 1;
    }
  }

  /**
   * Runs the code of a job that has begun here.
   * @returns nothing when no place came free for longer than a short job is worth
   */
  async runSoon<T>(processId: string, code: () => Promise<T>): Promise<T | undefined> {
    const hasPlace = this.taken < this.places ? this.takePlace() : await this.placeInTurn();
    return hasPlace ? await this.runInPlace(processId, code) : undefined;
  }

  private async runInPlace<T>(processId: string, code: () => Promise<T>): Promise<T> {
    const begin = performance.now();
    try {
      return await code();
    } finally {
      this.lastRuns.set(processId, performance.now() - begin);
      this.leave();
    }
  }

  private takePlace(): true {
    this.taken += 1;
    return true;
  }

  /** Waits for a place, which is then taken. @returns whether one came free in time */
  private placeInTurn(): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (isFree: boolean) => {
        clearTimeout(impatience);
        this.waiting.delete(end);
        resolve(isFree);
      };
      const impatience = setTimeout(end, PATIENCE, false);
      this.waiting.add(end);
    });
  }

  private leave(): void {
    this.taken -= 1;
    const [next] = this.waiting;
    if (next !== undefined && this.taken < this.places) next(this.takePlace());
  }
}
