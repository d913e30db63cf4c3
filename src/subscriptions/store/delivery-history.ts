import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { Statement } from '../../database/statement.js';
import type { AttemptRecord } from '../../deliveries/call-source.js';
import type { NotificationState } from '../entities/notification.entity.js';

/** A notification as its subscription tells of it. */
export interface DeliveryRow {
  readonly job_id: string;
  readonly seq: number;
  readonly type: string;
  readonly at: Date;
  /** `at` to the microsecond, for the list. */
  readonly position: string;
  readonly state: NotificationState;
  readonly attempts: number;
  readonly attempted_at: Date | null;
  readonly due_at: Date | null;
  readonly status: number | null;
  readonly reason: string | null;
}

/** Where a list of deliveries goes on: `position`, `job_id` and `seq` of the last row. */
export type DeliveryPosition = readonly [position: string, jobId: string, seq: number];

const COLUMNS = `job_id, seq, type, at, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS position,
  state, attempts, attempted_at, due_at, status, reason`;

const PAGE = new Statement<DeliveryRow>(
  'notification_page',
  `SELECT ${COLUMNS} FROM notification
   WHERE subscription_id = $1 AND ($3::timestamptz IS NULL OR (at, job_id, seq) < ($3::timestamptz, $4::uuid, $5::int))
   ORDER BY at DESC, job_id DESC, seq DESC LIMIT $2`,
);

const KEEP_TEST = new Statement<DeliveryRow>(
  'notification_keep_test',
  `INSERT INTO notification (subscription_id, job_id, seq, type, at, state, attempts, attempted_at, due_at, status, reason)
   SELECT id, $2, 0, 'test', $3, $4, 1, $3, NULL, $5, $6 FROM subscription WHERE id = $1
   RETURNING ${COLUMNS}`,
);

/** The oldest of what is too much, and what a disabled subscriber has not asked for in time. */
const DROP = new Statement<{ id: string; dropped: number }>(
  'notification_drop',
  `WITH over AS (
     SELECT x.subscription_id, x.job_id, x.seq FROM subscription s CROSS JOIN LATERAL (
       SELECT subscription_id, job_id, seq FROM notification
       WHERE subscription_id = s.id AND due_at IS NOT NULL
       ORDER BY at DESC, job_id DESC, seq DESC OFFSET $1
     ) x
     UNION
     SELECT n.subscription_id, n.job_id, n.seq FROM subscription s JOIN notification n ON n.subscription_id = s.id
     WHERE NOT s.enabled AND n.due_at IS NOT NULL AND n.at < now() - $2 * interval '1 ms'
     LIMIT $3
   ), locked AS (
     SELECT n.subscription_id, n.job_id, n.seq FROM notification n JOIN over USING (subscription_id, job_id, seq)
     WHERE n.due_at IS NOT NULL FOR UPDATE OF n SKIP LOCKED
   ), gone AS (
     DELETE FROM notification n USING locked l
     WHERE n.subscription_id = l.subscription_id AND n.job_id = l.job_id AND n.seq = l.seq
     RETURNING n.subscription_id
   )
   UPDATE subscription s SET dropped = s.dropped + g.count
   FROM (SELECT subscription_id, count(*)::int AS count FROM gone GROUP BY subscription_id) g
   WHERE s.id = g.subscription_id
   RETURNING s.id, g.count AS dropped`,
);

const FORGET = new Statement(
  'notification_forget',
  `WITH old AS (
     SELECT x.subscription_id, x.job_id, x.seq FROM subscription s CROSS JOIN LATERAL (
       SELECT subscription_id, job_id, seq FROM notification
       WHERE subscription_id = s.id AND due_at IS NULL
       ORDER BY at DESC, job_id DESC, seq DESC OFFSET $1
     ) x
     LIMIT $2
   )
   DELETE FROM notification n USING old
   WHERE n.subscription_id = old.subscription_id AND n.job_id = old.job_id AND n.seq = old.seq`,
);

/** Subscriptions are found by steps through the index. */
const FORGET_ORPHANS = new Statement(
  'notification_forget_orphans',
  `WITH RECURSIVE ids AS (
     (SELECT subscription_id AS id FROM notification ORDER BY subscription_id LIMIT 1)
     UNION ALL
     SELECT (SELECT n.subscription_id FROM notification n WHERE n.subscription_id > ids.id
             ORDER BY n.subscription_id LIMIT 1)
     FROM ids WHERE ids.id IS NOT NULL
   )
   DELETE FROM notification WHERE subscription_id IN (
     SELECT id FROM ids WHERE id IS NOT NULL AND NOT EXISTS (SELECT FROM subscription s WHERE s.id = ids.id))`,
);

/** Rows that one statement removes; more follow with the next round. */
const MOST_REMOVED = 10_000;

/** What became of notifications, and what is too much to be kept. */
@Injectable()
export class DeliveryHistory {
  constructor(private readonly database: Database) {}

  /** The latest event first. */
  page(subscriptionId: string, limit: number, after?: DeliveryPosition): Promise<DeliveryRow[]> {
    return this.database.execute(PAGE, [subscriptionId, limit, ...(after ?? [null, null, null])]);
  }

  /** @returns nothing when the subscription has been removed meanwhile */
  async keepTest(
    subscriptionId: string,
    id: string,
    at: Date,
    delivered: boolean,
    { status, reason }: AttemptRecord,
  ): Promise<DeliveryRow | undefined> {
    const state: NotificationState = delivered ? 'delivered' : 'failed';
    const values = [subscriptionId, id, at, state, status ?? null, reason ?? null];
    return (await this.database.execute(KEEP_TEST, values))[0];
  }

  /**
   * Removes what is owed beyond the latest `most` of a subscription, and what is owed to a disabled one for longer than
   * `age` milliseconds.
   * @returns of which subscriptions, and how many
   */
  drop(most: number, age: number): Promise<{ id: string; dropped: number }[]> {
    return this.database.execute(DROP, [most, age, MOST_REMOVED]);
  }

  /** Removes what is settled beyond the latest `most` of a subscription, and what belongs to none any more. */
  async forget(most: number): Promise<void> {
    await this.database.execute(FORGET, [most, MOST_REMOVED]);
    await this.database.execute(FORGET_ORPHANS, []);
  }
}
