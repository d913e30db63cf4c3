import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import pg from 'pg';
import { DatabaseServer } from './database-server.js';

const LONGEST_DELAY = 3_000;

/** Hears NOTIFY payloads of one channel. */
export type NotificationListener = (payload: string) => void;

/**
 * Wake-up hints between nodes by PostgreSQL's LISTEN and NOTIFY, over one connection that is rebuilt when it breaks.
 * Hints may be lost while it is rebuilt: whoever listens also looks at the rows every few seconds.
 */
@Injectable()
export class Notifications implements OnApplicationBootstrap {
  private readonly logger = new Logger(Notifications.name);
  private readonly listeners = new Map<string, Set<NotificationListener>>();
  private client: pg.Client | undefined;
  private retry: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(private readonly server: DatabaseServer) {}

  /** Adds a listener; call it before the application has started, so that the channel is subscribed with the others. */
  on(channel: string, listener: NotificationListener): void {
    const listeners = this.listeners.get(channel) ?? new Set();
    this.listeners.set(channel, listeners.add(listener));
    void this.client?.query(`LISTEN ${pg.escapeIdentifier(channel)}`).catch(() => undefined);
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.connect(0);
  }

  /** Ends the connection for good; the module calls it before the database goes. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.retry);
    await this.client?.end().catch(() => undefined);
  }

  private async connect(attempt: number): Promise<void> {
    const client = new pg.Client({
      ...this.server.connection,
      application_name: 'sluice-notifications',
      keepAlive: true,
      connectionTimeoutMillis: 5_000,
    });
    let lost = false;
    const reconnect = (next: number) => {
      if (lost || this.closed) return;
      lost = true;
      this.client = undefined;
      void client.end().catch(() => undefined);
      this.retry = setTimeout(() => void this.connect(next), Math.min(LONGEST_DELAY, 100 * 2 ** Math.min(next, 10)));
    };
    client.on('notification', ({ channel, payload }) => this.deliver(channel, payload ?? ''));
    client.on('error', () => reconnect(0));
    client.on('end', () => reconnect(0));
    try {
      await client.connect();
      for (const channel of this.listeners.keys()) await client.query(`LISTEN ${pg.escapeIdentifier(channel)}`);
      this.client = client;
      if (attempt > 0) this.logger.log('Wake-up notifications are back.');
    } catch (error) {
      if (attempt === 0) this.logger.warn(`No wake-up notifications for now: ${(error as Error).message}`);
      reconnect(attempt + 1);
    }
  }

  private deliver(channel: string, payload: string): void {
    for (const listener of this.listeners.get(channel) ?? []) listener(payload);
  }
}
