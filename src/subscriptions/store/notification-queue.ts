import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { Statement } from '../../database/statement.js';
import type { AttemptRecord } from '../../deliveries/call-source.js';
import { GONE } from '../../deliveries/retry-delay.js';
import type { JobStatusRow } from '../../jobs/store/job-row.js';

/** A notification that this node has taken on. `attempts` counts the present one, and fences its outcome. */
export interface OwedNotification {
  readonly subscription_id: string;
  readonly job_id: string;
  readonly seq: number;
  readonly type: string;
  /** When the event happened. */
  readonly created_at: Date;
  readonly data: Record<string, unknown> | null;
  /** The job as the statement left it that wrote the event; dates are texts. */
  readonly job: JobStatusRow;
  readonly attempts: number;
  readonly uri: string;
  readonly secret: string | null;
  readonly base: string;
}

/**
 * Takes notifications that are due: of each job and subscription only the first one, of each subscription only so many,
 * and none of a subscription that is busy already.
 */
const TAKE = new Statement<OwedNotification>(
  'notification_take',
  `WITH due AS (
     SELECT d.subscription_id, d.job_id, d.seq FROM subscription s CROSS JOIN LATERAL (
       SELECT n.subscription_id, n.job_id, n.seq, n.due_at FROM notification n
       WHERE n.subscription_id = s.id AND n.due_at <= now()
         AND NOT EXISTS (SELECT FROM notification p WHERE p.subscription_id = n.subscription_id
           AND p.job_id = n.job_id AND p.seq < n.seq AND p.due_at IS NOT NULL)
       ORDER BY n.due_at, n.seq LIMIT $2
     ) d
     WHERE s.enabled AND s.id::text <> ALL($3::text[])
     ORDER BY d.due_at LIMIT $1
   ), locked AS (
     SELECT n.subscription_id, n.job_id, n.seq FROM notification n JOIN due USING (subscription_id, job_id, seq)
     WHERE n.due_at <= now() FOR UPDATE OF n SKIP LOCKED
   ), taken AS (
     UPDATE notification n SET attempts = attempts + 1, attempted_at = now(), due_at = now() + $4 * interval '1 ms'
     FROM locked l WHERE n.subscription_id = l.subscription_id AND n.job_id = l.job_id AND n.seq = l.seq
     RETURNING n.*
   )
   SELECT t.subscription_id, t.job_id, t.seq, t.type, t.at AS created_at, t.data, t.job, t.attempts,
     s.url AS uri, s.secret, s.base
   FROM taken t JOIN subscription s ON s.id = t.subscription_id`,
);

/** Attempt `$4` of the notification. */
const THIS_ATTEMPT = `subscription_id = $1 AND job_id = $2 AND seq = $3 AND attempts = $4 AND due_at IS NOT NULL`;

/** A subscriber that has gone for good is asked no more, unless its URL has become another one meanwhile. */
const SETTLE = new Statement(
  'notification_settle',
  `WITH n AS (
     UPDATE notification SET state = $5, status = $6, reason = $7, due_at = NULL, data = NULL, job = NULL
     WHERE ${THIS_ATTEMPT} RETURNING subscription_id
   )
   UPDATE subscription SET enabled = false, disabled_reason = $7, updated_at = now()
   FROM n WHERE id = n.subscription_id AND $6::int = ${GONE} AND url = $8 AND enabled`,
);

const POSTPONE = new Statement(
  'notification_postpone',
  `UPDATE notification SET status = $5, reason = $6, due_at = now() + $7 * interval '1 ms' WHERE ${THIS_ATTEMPT}`,
);

const GIVE_BACK = new Statement(
  'notification_give_back',
  `UPDATE notification SET attempts = attempts - 1, due_at = now() WHERE ${THIS_ATTEMPT}`,
);

/** The notifications that are owed to subscribers. */
@Injectable()
export class NotificationQueue {
  constructor(private readonly database: Database) {}

  /**
   * @param most notifications to take
   * @param mostPerSubscription to take of one subscription
   * @param busy subscriptions to leave out
   * @param lease milliseconds after which one is free for another attempt, should its outcome never be told
   */
  take(most: number, mostPerSubscription: number, busy: readonly string[], lease: number): Promise<OwedNotification[]> {
    return this.database.execute(TAKE, [most, mostPerSubscription, busy, lease]);
  }

  async delivered(owed: OwedNotification, { status }: AttemptRecord): Promise<void> {
    await this.database.execute(SETTLE, [...attemptOf(owed), 'delivered', status ?? null, null, owed.uri]);
  }

  async givenUp(owed: OwedNotification, { status, reason }: AttemptRecord): Promise<void> {
    await this.database.execute(SETTLE, [...attemptOf(owed), 'failed', status ?? null, reason ?? null, owed.uri]);
  }

  /** @param delay milliseconds until the next attempt */
  async postpone(owed: OwedNotification, { status, reason }: AttemptRecord, delay: number): Promise<void> {
    await this.database.execute(POSTPONE, [...attemptOf(owed), status ?? null, reason ?? null, delay]);
  }

  async giveBack(owed: OwedNotification): Promise<void> {
    await this.database.execute(GIVE_BACK, attemptOf(owed));
  }
}

function attemptOf({ subscription_id: id, job_id: jobId, seq, attempts }: OwedNotification): unknown[] {
  return [id, jobId, seq, attempts];
}
