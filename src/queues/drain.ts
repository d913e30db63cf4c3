import { setTimeout as delay } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { Dispatcher } from './dispatcher.js';
import { LeaseKeeper } from './lease-keeper.js';

/**
 * Lets running jobs end when the node shuts down: they get the grace time, then they are stopped and handed back to
 * the queue. Nothing fails because a node was restarted.
 */
@Injectable()
export class Drain implements BeforeApplicationShutdown {
  private readonly logger = new Logger(Drain.name);

  constructor(
    private readonly keeper: LeaseKeeper,
    private readonly dispatcher: Dispatcher,
    private readonly settings: Settings,
  ) {}

  async beforeApplicationShutdown(): Promise<void> {
    if (this.keeper.size > 0) {
      this.logger.log(`${this.keeper.size} running job(s) have ${this.settings.SHUTDOWN_GRACE / 1000} s to end.`);
      const graceOver = new AbortController();
      const grace = delay(this.settings.SHUTDOWN_GRACE, undefined, { signal: graceOver.signal }).catch(() => undefined);
      await Promise.race([this.keeper.whenIdle(), grace]);
      graceOver.abort();
    }
    if (this.keeper.size > 0) this.logger.log(`${this.keeper.size} job(s) are handed back to the queue.`);
    this.keeper.stopAll('shutdown');
    await this.keeper.whenIdle();
    await this.dispatcher.flush();
  }
}
