import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { Statement } from '../../database/statement.js';
import type { JobEventType } from '../../jobs/events/event-types.js';

/** A subscription as clients may see it; the secret stays in its row. */
export interface SubscriptionRow {
  readonly id: string;
  readonly url: string;
  readonly events: readonly JobEventType[];
  readonly process_ids: readonly string[] | null;
  readonly description: string | null;
  readonly is_signed: boolean;
  readonly enabled: boolean;
  readonly disabled_reason: string | null;
  readonly dropped: number;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** What a client says of a subscription. */
export interface SubscriptionMembers {
  /** In the form that `URL` gives it. */
  readonly url: string;
  readonly events: readonly JobEventType[];
  /** nothing: of every process */
  readonly processIds: readonly string[] | null;
  readonly secret: string | null;
  readonly description: string | null;
  readonly enabled: boolean;
}

/** What a test notification is sent with. */
export interface SubscriptionKey {
  readonly url: string;
  readonly secret: string | null;
}

const COLUMNS = `id, url, events, process_ids, description, secret IS NOT NULL AS is_signed, enabled, disabled_reason,
  dropped, created_at, updated_at`;

const ADD = new Statement<SubscriptionRow>(
  'subscription_add',
  `INSERT INTO subscription (id, url, events, process_ids, secret, description, enabled, base)
   SELECT $1, $2, $3, $4, $5, $6, $7, $8 WHERE (SELECT count(*) FROM subscription) < $9
   RETURNING ${COLUMNS}`,
);

const CHANGE = new Statement<SubscriptionRow>(
  'subscription_change',
  `UPDATE subscription SET url = coalesce($2, url), events = coalesce($3, events),
     process_ids = CASE WHEN $4 THEN $5::text[] ELSE process_ids END,
     secret = CASE WHEN $6 THEN $7 ELSE secret END,
     description = CASE WHEN $8 THEN $9 ELSE description END,
     enabled = coalesce($10, enabled), disabled_reason = CASE WHEN $10::boolean IS NULL THEN disabled_reason END,
     updated_at = now()
   WHERE id = $1 RETURNING ${COLUMNS}`,
);

/** What is owed to it goes with it; what is written at this very moment is found by the sweep. */
const REMOVE = new Statement<{ id: string }>(
  'subscription_remove',
  `WITH s AS (
     DELETE FROM subscription WHERE id = $1 RETURNING id
   ), n AS (
     DELETE FROM notification USING s WHERE subscription_id = s.id
   )
   SELECT id FROM s`,
);

const PAGE = new Statement<SubscriptionRow>(
  'subscription_page',
  `SELECT ${COLUMNS} FROM subscription WHERE $1::uuid IS NULL OR id > $1 ORDER BY id LIMIT $2`,
);

const FIND = new Statement<SubscriptionRow & { readonly owed: number }>(
  'subscription_find',
  `SELECT ${COLUMNS}, (SELECT count(*)::int FROM notification WHERE subscription_id = s.id AND due_at IS NOT NULL) AS owed
   FROM subscription s WHERE id = $1`,
);

const KEY = new Statement<SubscriptionKey>('subscription_key', 'SELECT url, secret FROM subscription WHERE id = $1');

/** Who wants to be told of what. */
@Injectable()
export class Subscriptions {
  constructor(private readonly database: Database) {}

  /**
   * @param base URL of the landing page
   * @param most subscriptions there may be
   * @returns nothing when there are so many already
   */
  async add(
    id: string,
    members: SubscriptionMembers,
    base: string,
    most: number,
  ): Promise<SubscriptionRow | undefined> {
    const { url, events, processIds, secret, description, enabled } = members;
    const values = [id, url, events, processIds, secret, description, enabled, base, most];
    return (await this.database.execute(ADD, values))[0];
  }

  /** Changes the given members only. @returns nothing when there is no such subscription */
  async change(id: string, changes: Partial<SubscriptionMembers>): Promise<SubscriptionRow | undefined> {
    const { url, events, processIds, secret, description, enabled } = changes;
    const values = [
      ...[id, url ?? null, events ?? null],
      ...[processIds !== undefined, processIds ?? null],
      ...[secret !== undefined, secret ?? null],
      ...[description !== undefined, description ?? null],
      enabled ?? null,
    ];
    return (await this.database.execute(CHANGE, values))[0];
  }

  /** @returns false when there is no such subscription */
  async remove(id: string): Promise<boolean> {
    return (await this.database.execute(REMOVE, [id])).length > 0;
  }

  /** The oldest first. @param after id of the last one of the page before */
  page(limit: number, after?: string): Promise<SubscriptionRow[]> {
    return this.database.execute(PAGE, [after ?? null, limit]);
  }

  /** With the number of notifications that are owed. */
  async find(id: string): Promise<(SubscriptionRow & { readonly owed: number }) | undefined> {
    return (await this.database.execute(FIND, [id]))[0];
  }

  async key(id: string): Promise<SubscriptionKey | undefined> {
    return (await this.database.execute(KEY, [id]))[0];
  }
}
