import { setTimeout as delay } from 'node:timers/promises';
import type { Seed } from '../harness/seed.js';
import type { SoakSite } from './soak-site.js';

/** Milliseconds, drawn anew each time: between two kills, between two crashes of PostgreSQL, how long it stays away. */
const KILLS = [1_000, 3_000] as const;
const CRASHES = [30_000, 60_000] as const;
const OUTAGE = [500, 4_000] as const;

/** Kills workers and crashes PostgreSQL, as the seed says. */
export class Nemesis {
  kills = 0;
  crashes = 0;
  /** What went wrong with doing wrong. */
  failure: Error | undefined;
  private readonly stopped = new AbortController();
  private readonly work: Promise<unknown>;

  constructor(
    private readonly site: SoakSite,
    private readonly seed: Seed,
    private readonly workers: number,
  ) {
    this.work = Promise.all([this.kill(), this.crash()]).catch((error: Error) => (this.failure = error));
  }

  /** Leaves everything running. */
  async stop(): Promise<void> {
    this.stopped.abort();
    await this.work;
  }

  private async kill(): Promise<void> {
    while (await this.pause(KILLS)) {
      await this.site.killWorker(this.seed.between(0, this.workers - 1));
      this.kills += 1;
    }
  }

  private async crash(): Promise<void> {
    while (await this.pause(CRASHES)) {
      await this.site.postgres.crash();
      this.crashes += 1;
      await this.pause(OUTAGE);
      await this.site.postgres.up();
    }
  }

  /** @returns whether it is to go on */
  private async pause([least, most]: readonly [number, number]): Promise<boolean> {
    const { signal } = this.stopped;
    await delay(this.seed.between(least, most), undefined, { signal }).catch(() => undefined);
    return !signal.aborted;
  }
}
