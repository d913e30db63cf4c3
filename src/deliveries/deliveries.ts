import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { Notifications } from '../database/notifications.js';
import { CallAttempt } from './call-attempt.js';
import type { CallSource, OwedCall } from './call-source.js';
import { Deliverer } from './deliverer.js';

/** Makes the calls of every source, for as long as the service runs. */
@Injectable()
export class Deliveries implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly deliverers: { start(): void; stop(): Promise<void> }[] = [];

  constructor(
    private readonly attempts: CallAttempt,
    private readonly notifications: Notifications,
    private readonly settings: Settings,
  ) {}

  /** Adds a source; call it before the application has started. */
  serve<Call extends OwedCall>(source: CallSource<Call>): void {
    const deliverer = new Deliverer(source, this.attempts, this.settings);
    this.notifications.on(source.channel, () => deliverer.wake());
    this.deliverers.push(deliverer);
  }

  onApplicationBootstrap(): void {
    for (const deliverer of this.deliverers) deliverer.start();
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all(this.deliverers.map((deliverer) => deliverer.stop()));
  }
}
