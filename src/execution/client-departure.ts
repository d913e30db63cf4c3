import type { ServerResponse } from 'node:http';
import type { StopSignal } from '../engine/time-limit.js';

/**
 * Tells when the client leaves before its answer is complete. Nothing is made for it until somebody wants to know,
 * because nearly every client stays. The end of a complete answer is heard too: whoever listens stops listening before.
 */
export class ClientDeparture implements StopSignal {
  private controller?: AbortController;

  constructor(private readonly response: ServerResponse) {}

  get aborted(): boolean {
    return this.response.destroyed && !this.response.writableFinished;
  }

  get reason(): Error {
    return this.signal.reason as Error;
  }

  /** The same as an `AbortSignal`, for those who need a real one. */
  get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController();
      const tell = () => this.aborted && this.controller!.abort();
      if (!tell()) this.response.once('close', tell);
    }
    return this.controller.signal;
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.response.once('close', listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.response.off('close', listener);
  }
}
