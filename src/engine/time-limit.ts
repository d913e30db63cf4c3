/** Why an execution was told to stop. */
export type StopReason = 'timed-out' | 'cancelled';

/** The longest delay a timer can hold; a limit beyond (24 days) is cut to it rather than firing at once. */
const LONGEST_DELAY = 2 ** 31 - 1;

/**
 * Watches one execution: at the time limit, or when the caller cancels, `onStop` asks the code to end; a grace time
 * later `onHard` ends it. The first reason stands, whatever follows.
 */
export class TimeLimit {
  reason?: StopReason;
  private readonly limit: NodeJS.Timeout;
  private readonly started = performance.now();
  private hard?: NodeJS.Timeout;
  private readonly cancel = () => this.stop('cancelled');

  /**
   * @param timeout milliseconds
   * @param grace milliseconds between asking and ending
   * @param signal the caller's; must not be aborted yet
   */
  constructor(
    private readonly timeout: number,
    private readonly grace: number,
    private readonly signal: AbortSignal,
    private readonly onStop: (reason: StopReason) => void,
    private readonly onHard: () => void,
  ) {
    this.limit = setTimeout(() => this.stop('timed-out'), Math.min(timeout, LONGEST_DELAY));
    signal.addEventListener('abort', this.cancel);
  }

  /**
   * Ends the watch. Code that blocked this event loop past the limit has kept the timer from firing, so the clock is
   * asked as well.
   */
  end(): StopReason | undefined {
    if (this.reason === undefined && performance.now() - this.started > this.timeout) this.reason = 'timed-out';
    clearTimeout(this.limit);
    clearTimeout(this.hard);
    this.signal.removeEventListener('abort', this.cancel);
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
