import { LONGEST_TIMER } from '../processes/definition/duration.js';

/** Time, for those who wait. */
export abstract class Clock {
  /** Resolves after so many milliseconds. @throws the reason of the signal, once it is aborted */
  abstract wait(milliseconds: number, signal: AbortSignal): Promise<void>;
}

/** The clock of the machine. */
export class SystemClock extends Clock {
  async wait(milliseconds: number, signal: AbortSignal): Promise<void> {
    for (let left = milliseconds; left > 0; left -= LONGEST_TIMER) await nap(Math.min(left, LONGEST_TIMER), signal);
    signal.throwIfAborted();
  }
}

function nap(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    signal.addEventListener('abort', stop, { once: true });
  });
}
