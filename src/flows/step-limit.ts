import type { Clock } from './clock.js';

/** The time limit of one attempt of a step. */
export class StepLimit {
  /** What the code of the attempt sees: aborted with the signal around it, and when the limit passes. */
  readonly signal: AbortSignal;
  /** The error of the limit, once it has passed. */
  passed?: Error;
  private readonly controller?: AbortController;
  private readonly ended?: AbortController;
  private readonly follow = () => this.controller?.abort(this.outer.reason);

  /** @param timeout milliseconds; absent: no limit */
  constructor(
    private readonly outer: AbortSignal,
    private readonly timeout: number | undefined,
    private readonly clock: Clock,
  ) {
    if (timeout === undefined) {
      this.signal = outer;
      return;
    }
    this.controller = new AbortController();
    this.ended = new AbortController();
    this.signal = this.controller.signal;
    outer.addEventListener('abort', this.follow, { once: true });
  }

  /** @throws TimeoutError when the limit passes first; what comes later is nobody's */
  race<Result>(work: Promise<Result>): Promise<Result> {
    if (this.timeout === undefined) return work;
    return Promise.race([work, this.watch(this.timeout)]);
  }

  end(): void {
    this.ended?.abort();
    this.outer.removeEventListener('abort', this.follow);
  }

  private async watch(timeout: number): Promise<never> {
    try {
      await this.clock.wait(timeout, this.ended!.signal);
    } catch {
      return new Promise<never>(() => undefined);
    }
    this.passed = new DOMException(`The step took longer than its time limit of ${timeout} ms`, 'TimeoutError');
    this.controller!.abort(this.passed);
    throw this.passed;
  }
}
