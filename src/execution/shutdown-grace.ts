import { setMaxListeners } from 'node:events';
import { type BeforeApplicationShutdown, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Settings } from '../config/settings.js';

/** When a client may come back that this node turns away, to this node or another. Seconds. */
export const RETRY_AFTER_SHUTDOWN = 5;

/**
 * How long executions may still go on while the service shuts down: SHUTDOWN_GRACE, as jobs may. Without it the server would
 * wait for its clients as long as they wait for their results.
 */
@Injectable()
export class ShutdownGrace implements BeforeApplicationShutdown, OnApplicationShutdown {
  private readonly over = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private closing = false;

  constructor(private readonly settings: Settings) {
    // Every execution under way listens.
    setMaxListeners(0, this.signal);
  }

  beforeApplicationShutdown(): void {
    this.closing = true;
    this.timer = setTimeout(() => this.over.abort(), this.settings.SHUTDOWN_GRACE).unref();
  }

  onApplicationShutdown(): void {
    clearTimeout(this.timer);
  }

  /** Whether the service shuts down: nothing new is begun. */
  get isClosing(): boolean {
    return this.closing;
  }

  /** Aborted when the grace time is over. */
  get signal(): AbortSignal {
    return this.over.signal;
  }
}
