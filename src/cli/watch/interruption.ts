import { CliError } from '../cli-error.js';
import { ExitCode } from '../exit-code.js';

/** Ends waiting when its time is over, or when the user presses Ctrl-C. */
export class Interruption {
  private readonly controller = new AbortController();
  private readonly timer?: NodeJS.Timeout;
  private readonly onSignal = () => this.interrupt();

  private advice?: string;
  private instead?: () => void;

  /** @param timeout milliseconds */
  constructor(timeout: number | undefined) {
    if (timeout !== undefined) {
      this.timer = setTimeout(() => {
        const message = `Gave up waiting after ${timeout / 1_000} s.`;
        this.controller.abort(new CliError(message, ExitCode.timedOut, this.advice));
      }, timeout);
    }
    process.on('SIGINT', this.onSignal);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /**
   * From now on the server may be left with work that goes on.
   * @param advice how to find it and what to do with it
   * @param instead called on the first Ctrl-C in place of ending; the second one ends
   */
  leaveRunning(advice: string, instead?: () => void): void {
    this.advice = advice;
    this.instead = instead;
  }

  /** Gives Ctrl-C its usual meaning back. */
  end(): void {
    clearTimeout(this.timer);
    process.off('SIGINT', this.onSignal);
  }

  private interrupt(): void {
    const { instead } = this;
    this.instead = undefined;
    if (instead) instead();
    else this.controller.abort(new CliError('Interrupted.', ExitCode.interrupted, this.advice));
  }
}
