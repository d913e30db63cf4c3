import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { isDatabaseUnavailable } from '../database/database-unavailable.js';
import { DeliveryHistory } from './store/delivery-history.js';

/** Milliseconds between two rounds. */
const INTERVAL = 10_000;
/** Settled notifications of a subscription that are kept for those who look for them. */
const MOST_SETTLED = 200;

/** Keeps the queues of subscriptions bounded, and their history short. Any number of nodes may do it. */
@Injectable()
export class NotificationSweep implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(NotificationSweep.name);
  private timer: NodeJS.Timeout | undefined;
  private sweeping: Promise<void> | undefined;

  constructor(
    private readonly history: DeliveryHistory,
    private readonly settings: Settings,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.sweeping ??= this.sweep().finally(() => (this.sweeping = undefined));
    }, INTERVAL);
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.sweeping;
  }

  private async sweep(): Promise<void> {
    try {
      const { MAX_NOTIFICATIONS: most, CALLBACK_MAX_AGE: age } = this.settings;
      for (const { id, dropped } of await this.history.drop(most, age)) {
        this.logger.warn(`${dropped} notification(s) of subscription ${id} were dropped: too many, or too old.`);
      }
      await this.history.forget(MOST_SETTLED);
    } catch (error) {
      if (!isDatabaseUnavailable(error)) {
        this.logger.error(`Notifications cannot be swept: ${(error as Error).stack}`);
      }
    }
  }
}
