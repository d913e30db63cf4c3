/** Why an execution was told to stop. */
export type StopReason = 'timed-out' | 'cancelled';

/**
 * What tells a run to stop. Every `AbortSignal` is one; it costs more than all else a short run needs, so whoever has
 * something cheaper to listen to may pass that.
 */
export interface StopSignal {
  readonly aborted: boolean;
  readonly reason: Error;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** What has a real signal to stop; whoever may not need it reads it late. */
export interface Stop {
  readonly signal: AbortSignal;
}

/** The longest delay a timer can hold; a limit beyond (24 days) is cut to it rather than firing at once. */
const LONGEST_DELAY = 2 ** 31 - 1;

/** Limits that were set in this turn of the event loop and are not watched yet. */
let fresh: TimeLimit[] = [];

function watchFresh(): void {
  const limits = fresh;
  fresh = [];
  for (const limit of limits) limit.watch();
}

/**
 * Watches one execution: at the time limit, or when the caller cancels, `onStop` asks the code to end; a grace time
 * later `onHard` ends it. The first reason stands, whatever follows.
 *
 * A timer costs more than all of a short run, so the watch begins after the turn of the event loop: nothing could stop
 * the code before, and many runs are over by then.
 */
export class TimeLimit {
  reason?: StopReason;
  private limit?: NodeJS.Timeout;
  private hard?: NodeJS.Timeout;
  private hasEnded = false;
  private readonly cancel = () => this.stop('cancelled');

  /**
   * @param timeout milliseconds
   * @param grace milliseconds between asking and ending
   * @param signal the caller's; must not be aborted yet
   * @param started when the code was called, by `performance.now()`
   */
  constructor(
    private readonly timeout: number,
    private readonly grace: number,
    private readonly signal: StopSignal,
    private readonly onStop: (reason: StopReason) => void,
    private readonly onHard: () => void,
    private readonly started = performance.now(),
  ) {
    if (fresh.push(this) === 1) setImmediate(watchFresh);
  }

  /** Begins the watch, if there is anything left to watch. */
  watch(): void {
    if (this.hasEnded) return;
    if (this.signal.aborted) return this.stop('cancelled');
    const left = this.timeout - (performance.now() - this.started);
    this.limit = setTimeout(() => this.stop('timed-out'), Math.min(Math.max(left, 0), LONGEST_DELAY));
    this.signal.addEventListener('abort', this.cancel);
  }

  /**
   * Ends the watch. Code that blocked this event loop past the limit has kept the timer from firing, so the clock is
   * asked as well.
   */
  end(): StopReason | undefined {
    if (this.reason === undefined && performance.now() - this.started > this.timeout) this.reason = 'timed-out';
    this.hasEnded = true;
    if (this.limit !== undefined) {
      clearTimeout(this.limit);
      this.signal.removeEventListener('abort', this.cancel);
    }
    clearTimeout(this.hard);
    return this.reason;
  }

  private stop(reason: StopReason): void {
    if (this.reason !== undefined) return;
    this.reason = reason;
    clearTimeout(this.limit);
    this.hard = setTimeout(() => this.onHard(), Math.min(this.grace, LONGEST_DELAY));
    this.onStop(reason);
  }
}

/** The reason that `context.signal` carries: a TimeoutError at the limit, else an AbortError. */
export function stopError(reason: StopReason): DOMException {
  return reason === 'timed-out'
    ? new DOMException('The time limit of the execution has passed', 'TimeoutError')
    : new DOMException('The execution was cancelled', 'AbortError');
}
