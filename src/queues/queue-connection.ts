import { setTimeout as delay } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { ConnectionOptions } from 'bullmq';
import pg from 'pg';
import { Settings } from '../config/settings.js';
import { DatabaseServer } from '../database/database-server.js';
import { Database } from '../database/database.js';
import { chooseBackendByConnection } from './queue-backend.js';

/** The schema of BullMQ's tables; its migrations create it. */
const QUEUE_SCHEMA = 'bullmq';

/** A queue and a worker keep one LISTEN connection each; the rest serves their statements. */
const POOL_SIZE = 12;

/** The longest pause between two attempts to reach a Redis that is away. Milliseconds. */
const LONGEST_PAUSE = 2_000;

/** The connection all queues share: Redis when REDIS_URL is set, else the database. */
@Injectable()
export class QueueConnection implements BeforeApplicationShutdown, OnApplicationShutdown {
  readonly options: ConnectionOptions;
  private readonly pool: pg.Pool | undefined;
  private stopping = false;
  private lastLoss = -Infinity;

  /** The database is asked for because it is migrated, BullMQ's tables included, before it is handed out. */
  constructor(settings: Settings, server: DatabaseServer, _migrated: Database) {
    if (settings.REDIS_URL !== undefined) {
      // Workers need a connection that waits for Redis to come back instead of giving up; a node that stops does not.
      const retryStrategy = (attempt: number) => {
        this.lastLoss = Date.now();
        return this.stopping ? null : Math.min(attempt * 100, LONGEST_PAUSE);
      };
      this.options = { url: settings.REDIS_URL, maxRetriesPerRequest: null, retryStrategy };
      return;
    }
    chooseBackendByConnection();
    this.pool = new pg.Pool({
      ...server.connection,
      application_name: 'sluice-queue',
      options: `-c search_path=${QUEUE_SCHEMA}`,
      max: POOL_SIZE,
      keepAlive: true,
      connectionTimeoutMillis: 5_000,
    });
    const logger = new Logger('Queue');
    this.pool.on('error', (error) => logger.debug(`A queue connection was lost: ${error.message}`));
    this.options = this.pool;
  }

  /**
   * From here on a Redis that is away is given up. A connection that is between two attempts to reach it cannot be
   * closed, so each one gets the time for one more attempt.
   */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    if (Date.now() - this.lastLoss <= LONGEST_PAUSE) await delay(LONGEST_PAUSE);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.pool?.end();
  }
}
