import { Queue } from 'bullmq';
import { JOB_QUEUE, type JobEntry } from '../../src/queues/job-queue.js';
import { QueueConnection } from '../../src/queues/queue-connection.js';
import type { TestDatabase } from './database.js';

/** The work queue of a test's database, or of its Redis when the settings of the database name one. */
export class TestQueue {
  private constructor(
    readonly connection: QueueConnection,
    readonly queue: Queue<JobEntry>,
  ) {}

  static async open(database: TestDatabase): Promise<TestQueue> {
    const connection = new QueueConnection(database.settings, database.server, database.database);
    const queue = new Queue<JobEntry>(JOB_QUEUE, { connection: connection.options });
    queue.on('error', () => undefined);
    await queue.waitUntilReady();
    return new TestQueue(connection, queue);
  }

  /** Ids of the entries that no worker has taken yet. */
  async waiting(): Promise<string[]> {
    return (await this.queue.getWaiting(0, 10_000)).map(({ id }) => id!);
  }

  async close(): Promise<void> {
    await this.queue.close().catch(() => undefined);
    await this.connection.onApplicationShutdown();
  }
}
