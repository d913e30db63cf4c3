import { Logger } from '@nestjs/common';
import { untilAvailable } from '../database/until-available.js';
import { type ExecutionObserver, type LogLine, warningLine } from '../engine/execution-unit.js';
import type { JobJournal } from '../jobs/store/job-journal.js';
import type { HeldLease } from '../jobs/store/job-leases.js';
import type { RunLog } from '../tasks/run-log.js';
import type { Stop } from '../engine/time-limit.js';

/** Milliseconds between writes; also how much of what is said outside of steps may be missing after the worker was killed. */
const INTERVAL = 200;
const LARGEST_BATCH = 100;
/** Lines kept while the database is away or slower than the job; beyond it lines are counted, not kept. */
const MOST_BUFFERED = 20_000;

/**
 * Gathers what one running job says and writes it in batches: lines in their order, of progress only the latest.
 * {@link flush} writes the rest, so that everything is readable once the job has ended.
 */
export class JournalWriter implements ExecutionObserver, RunLog {
  private static readonly logger = new Logger('JobJournal');
  private lines: LogLine[] = [];
  private dropped = 0;
  private latest: { percent: number; message?: string } | undefined;
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly journal: JobJournal,
    private readonly lease: HeldLease & Stop,
  ) {}

  progress(percent: number, message?: string): void {
    this.latest = { percent: Math.round(percent), message: message ?? this.latest?.message };
    this.schedule();
  }

  log(line: LogLine): void {
    if (this.lines.length >= MOST_BUFFERED) {
      this.dropped += 1;
      return;
    }
    this.lines.push(line);
    if (this.lines.length === LARGEST_BATCH) this.write();
    else this.schedule();
  }

  /**
   * Those who ask at once share one write; it costs nothing when no line is left. Progress comes in its own time. A write that
   * fails is told to the log of the service and holds up nobody.
   */
  async flushLines(): Promise<void> {
    if (this.lines.length > 0) this.next(() => this.writeLines());
    await this.writing;
  }

  /** Writes what is left. Waits for the database while it is away, unless the job has to stop. */
  flush(): Promise<void> {
    // Most runs say nothing.
    const isEmpty = this.lines.length === 0 && this.dropped === 0 && this.latest === undefined;
    if (!isEmpty || this.timer !== undefined) this.write();
    return this.writing;
  }

  private schedule(): void {
    this.timer ??= setTimeout(() => this.write(), INTERVAL);
  }

  private write(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.next(() => this.writeAll());
  }

  /** One write after the other, so that lines stay in their order. */
  private next(write: () => Promise<void>): void {
    this.writing = this.writing.then(write).catch((error: unknown) => {
      if (!this.lease.signal.aborted)
        JournalWriter.logger.error(`The log of job ${this.lease.id}: ${(error as Error).message}`);
    });
  }

  private async writeAll(): Promise<void> {
    await this.writeLines();
    const latest = this.latest;
    this.latest = undefined;
    if (latest === undefined) return;
    await untilAvailable(() => this.journal.progress(this.lease, latest.percent, latest.message), this.lease.signal);
  }

  private async writeLines(): Promise<void> {
    // What is dropped while the lines before it are written has to be said too, even if the job is silent from then on.
    do await this.writeBatches();
    while (this.dropped > 0);
  }

  private async writeBatches(): Promise<void> {
    if (this.dropped > 0) {
      const message = `${this.dropped} lines were dropped: the job logged faster than they could be stored`;
      this.lines.push(warningLine(message));
      this.dropped = 0;
    }
    // What the process printed comes another way than what it logged; within one write the clock puts them in order.
    this.lines.sort((one, other) => (one.time < other.time ? -1 : Number(one.time > other.time)));
    while (this.lines.length > 0) {
      const batch = this.lines.splice(0, LARGEST_BATCH);
      await untilAvailable(() => this.journal.log(this.lease, batch), this.lease.signal);
    }
  }
}
