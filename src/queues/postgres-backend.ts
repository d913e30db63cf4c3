import { type BackendFactory, PostgresConnection, type PostgresConnectionOptions, PostgresQueueBackend } from 'bullmq';

/**
 * A queue on PostgreSQL. BullMQ looks once whether the database is there with its tables, and keeps the answer for good: a
 * node whose first look fails, because the database is busy or away for a moment, would have no queue until it is started
 * again. Here a look that failed is made anew for whoever asks next.
 */
export const createLastingBackend: BackendFactory = (name, options, { withBlockingConnection } = {}) => {
  const { connection, ...rest } = options;
  const pool = connection as PostgresConnectionOptions;
  return new LastingBackend(
    new LastingConnection(pool),
    name,
    { ...rest, connection: pool },
    true,
    // The name of the connection that waits for entries is how BullMQ counts workers.
    withBlockingConnection ? name : undefined,
  );
};

class LastingConnection extends PostgresConnection {
  override waitUntilReady(): Promise<void> {
    return keptUnlessFailed(this, super.waitUntilReady());
  }
}

class LastingBackend extends PostgresQueueBackend {
  override waitUntilReady(): Promise<void> {
    return keptUnlessFailed(this, super.waitUntilReady());
  }
}

/** Both keep their first answer in a private member of this name. */
async function keptUnlessFailed(holder: object, ready: Promise<void>): Promise<void> {
  try {
    await ready;
  } catch (error) {
    Reflect.set(holder, 'readyPromise', undefined);
    throw error;
  }
}
