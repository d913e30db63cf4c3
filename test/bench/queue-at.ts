import type { ConnectionOptions } from 'bullmq';
import pg from 'pg';
import { chooseBackendByConnection } from '../../src/queues/queue-backend.js';

/** Where the queue of the run lives. */
export type QueueAt = { readonly redis: string } | { readonly postgres: pg.ClientConfig };

/** Connects BullMQ by itself. @returns a pool, to be ended, where the queue is on PostgreSQL */
export function connect(at: QueueAt): { readonly connection: ConnectionOptions; readonly pool?: pg.Pool } {
  if ('redis' in at) return { connection: { url: at.redis, maxRetriesPerRequest: null } };
  chooseBackendByConnection();
  const pool = new pg.Pool({ ...at.postgres, options: '-c search_path=bullmq', max: 20, keepAlive: true });
  return { connection: pool as unknown as ConnectionOptions, pool };
}
