import {
  type BackendFactory,
  PostgresConnection,
  type PostgresConnectionOptions,
  PostgresQueueBackend,
  type QueueBaseOptions,
} from 'bullmq';

/**
 * A queue on PostgreSQL. BullMQ looks once whether the database is there with its tables, and keeps the answer for good: a
 * node whose first look fails, because the database is busy or away for a moment, would have no queue until it is started
 * again. Here a look that failed is made anew for whoever asks next.
 */
export const createLastingBackend: BackendFactory = (name, options, { withBlockingConnection, blocking } = {}) => {
  const { connection, ...rest } = options as QueueBaseOptions & { readonly name?: string };
  const pool = connection as PostgresConnectionOptions;
  // The names that BullMQ gives connections that wait: by them it finds workers and listeners.
  const worker = rest.name === undefined ? name : `${name}:w:${rest.name}`;
  const waiting = withBlockingConnection ? worker : blocking ? `${name}:qe` : undefined;
  return new LastingBackend(new LastingConnection(pool), name, { ...rest, connection: pool }, true, waiting);
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
