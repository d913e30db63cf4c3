import { type ExecutionObserver, type LogLine, warningLine } from './execution-unit.js';
import type { RunNews } from './executor-messages.js';

/** Milliseconds that news wait for more news. */
const INTERVAL = 100;
const LINES_PER_MESSAGE = 100;
/** Lines held while the parent does not read; beyond, lines are dropped and counted. */
export const MOST_PENDING = 10_000;

/**
 * Gathers the log lines and the latest progress of a run into few messages. One message is under way at a time: while
 * the parent does not take it, lines wait here up to {@link MOST_PENDING}, so a flood costs neither side its memory.
 */
export class ExecutorOutbox implements ExecutionObserver {
  private lines: LogLine[] = [];
  private latest?: RunNews['progress'];
  private dropped = 0;
  private sending = false;
  /** The first news leave at once: code that never yields after them would keep them here. */
  private sentAt = -Infinity;
  private timer?: NodeJS.Timeout;

  /** @param send passes news on and calls back when they have left this process */
  constructor(private readonly send: (news: RunNews, done: () => void) => void) {}

  log(line: LogLine): void {
    if (this.lines.length >= MOST_PENDING) this.dropped++;
    else this.lines.push(line);
    this.schedule();
  }

  progress(percent: number, message?: string): void {
    this.latest = { percent, message };
    this.schedule();
  }

  /** Everything not sent yet. */
  take(): RunNews {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.dropped > 0) {
      const message = `${this.dropped} log lines were dropped: they came faster than they could be passed on`;
      this.lines.push(warningLine(message));
    }
    const news: RunNews = {
      ...(this.lines.length > 0 && { lines: this.lines }),
      ...(this.latest !== undefined && { progress: this.latest }),
    };
    this.lines = [];
    this.latest = undefined;
    this.dropped = 0;
    return news;
  }

  private schedule(): void {
    if (this.sending) return;
    // A loop that never yields lets no timer fire, so the clock is looked at as well.
    if (this.lines.length >= LINES_PER_MESSAGE || performance.now() - this.sentAt >= INTERVAL) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), INTERVAL);
  }

  private flush(): void {
    this.sending = true;
    this.sentAt = performance.now();
    this.send(this.take(), () => {
      this.sending = false;
      if (this.lines.length > 0 || this.latest !== undefined) this.schedule();
    });
  }
}
