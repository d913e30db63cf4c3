import { Injectable } from '@nestjs/common';
import pLimit, { type LimitFunction } from 'p-limit';
import { Settings } from '../../config/settings.js';
import { Database, type StatementRunner } from '../../database/database.js';
import { Statement } from '../../database/statement.js';
import { lockNumber, RESULT_PREFIX } from './limit-keys.js';
import { HELD, QUEUED } from './slot-conditions.js';

/** A job, or a step of it, that wants a place. */
export interface SlotOwner {
  readonly jobId: string;
  /** empty for the job itself */
  readonly taskKey: string;
}

/** A place that somebody wants. */
export interface WantedSlot {
  readonly key: string;
  readonly most: number;
  /** Claim under which it is taken; absent: it is kept until the job has ended. */
  readonly epoch?: number;
}

/** Somebody who has a place, or stands before the asker in the queue. */
export interface SlotHolder {
  readonly job: string;
  readonly task: string;
}

/** What there is under one key for somebody who asks. */
export interface SlotCount {
  readonly key: string;
  readonly most: number;
  /** Those who have a place, the longest first. */
  readonly holders: readonly SlotHolder[];
  /** Those who come first, as far as it matters. */
  readonly ahead: readonly SlotHolder[];
  /** Since when the asker waits, or the present time; on the database's clock, in its own words. */
  readonly since: string;
}

/**
 * Takes the locks of keys, one after the other in the order given. A node that is frozen while it has them loses its
 * connection, and them with it.
 */
const LOCK = new Statement(
  'slot_lock',
  `SELECT set_config('idle_in_transaction_session_timeout', '5000', true), pg_advisory_xact_lock(key)
   FROM unnest($1::bigint[]) AS key`,
);

/** The steps around a step have their places for it as well. */
const NOT_OWN = `(s.job_id, s.task_key) <> ($3::uuid, $4) AND NOT (NOT s.waits AND s.job_id = $3 AND s.task_key <> ''
       AND starts_with($4, s.task_key || '/'))`;

/** Who has begun to compute a result goes on with it, whoever waits for it. */
const COMPUTES = `(starts_with(k.key, '${RESULT_PREFIX}') AND EXISTS (SELECT FROM concurrency_slot o
       WHERE o.limit_key = k.key AND o.job_id = $3 AND o.task_key = $4 AND NOT o.waits))`;

const COUNT = new Statement<SlotCount>(
  'slot_count',
  `WITH k AS (
     SELECT * FROM unnest($1::text[], $2::int[]) AS k (key, most)
   ), me AS (
     SELECT coalesce((SELECT min(s.since) FROM concurrency_slot s
       WHERE s.limit_key = ANY($1) AND s.job_id = $3 AND s.task_key = $4 AND s.waits), $5::timestamptz, now()) AS since
   ), gone AS (
     DELETE FROM concurrency_slot s WHERE s.limit_key = ANY($1) AND NOT s.waits AND NOT ${HELD}
       AND (s.job_id, s.task_key) <> ($3::uuid, $4)
   )
   SELECT k.key, k.most, me.since::text AS since,
     (SELECT coalesce(json_agg(json_build_object('job', s.job_id, 'task', s.task_key) ORDER BY s.since, s.job_id), '[]')
      FROM concurrency_slot s WHERE s.limit_key = k.key AND ${NOT_OWN} AND ${HELD}) AS holders,
     (SELECT coalesce(json_agg(json_build_object('job', s.job_id, 'task', s.task_key) ORDER BY s.since, s.job_id), '[]')
      FROM (SELECT s.* FROM concurrency_slot s WHERE s.limit_key = k.key AND s.waits
              AND (s.since, s.job_id, s.task_key) < (me.since, $3::uuid, $4) AND ${QUEUED} AND NOT ${COMPUTES}
            ORDER BY s.since, s.job_id, s.task_key LIMIT k.most) s) AS ahead
   FROM k CROSS JOIN me`,
);

/** Whoever takes places anew computes nothing under the keys of before. */
const TAKE = new Statement(
  'slot_take',
  `WITH gone AS (
     DELETE FROM concurrency_slot
     WHERE job_id = $3 AND task_key = $4 AND starts_with(limit_key, '${RESULT_PREFIX}') AND limit_key <> ALL($1::text[])
   )
   INSERT INTO concurrency_slot (limit_key, job_id, task_key, waits, most, epoch, since)
   SELECT key, $3, $4, false, most, epoch, now() FROM unnest($1::text[], $2::int[], $5::int[]) AS k (key, most, epoch)
   ON CONFLICT (limit_key, job_id, task_key) DO UPDATE
   SET waits = false, most = excluded.most, epoch = excluded.epoch, since = now()`,
);

const QUEUE = new Statement(
  'slot_queue',
  `INSERT INTO concurrency_slot (limit_key, job_id, task_key, waits, most, since)
   SELECT key, $3, $4, true, most, $5::timestamptz FROM unnest($1::text[], $2::int[]) AS k (key, most)
   ON CONFLICT (limit_key, job_id, task_key) DO UPDATE SET waits = true, most = excluded.most, epoch = NULL,
     since = CASE WHEN concurrency_slot.waits THEN concurrency_slot.since ELSE excluded.since END`,
);

/** The jobs around job `$1`, each with the step that started the one below it. */
const SURROUNDS = new Statement(
  'slot_surrounds',
  `WITH RECURSIVE a AS (
     SELECT parent_id, parent_task FROM job WHERE id = $1
     UNION ALL SELECT j.parent_id, j.parent_task FROM a JOIN job j ON j.id = a.parent_id
   )
   SELECT FROM a WHERE parent_id = $2 AND ($3 = '' OR starts_with(parent_task, $3 || '/')) LIMIT 1`,
);

/**
 * Places under limits. Whoever wants places asks within {@link exclusively}: only one asks for a key at a time, and sees
 * what all before have done. Giving a place free needs no lock and no statement, see `ConcurrencySlot`.
 */
@Injectable()
export class Slots {
  /** Those who wait for a lock must not use up the connections. */
  private readonly connections: LimitFunction;

  constructor(
    private readonly database: Database,
    settings: Settings,
  ) {
    this.connections = pLimit(Math.max(1, Math.floor(settings.DATABASE_POOL / 4)));
  }

  /** Runs `work` as the only one, on all nodes, that asks for these keys. What it writes is one transaction. */
  exclusively<T>(keys: readonly string[], work: (transaction: StatementRunner) => Promise<T>): Promise<T> {
    // Always in the same order, so that two never wait for each other.
    const numbers = [...new Set(keys.map(lockNumber))].sort();
    return this.connections(() =>
      this.database.transaction(async (transaction) => {
        await transaction.execute(LOCK, [numbers]);
        return await work(transaction);
      }),
    );
  }

  /**
   * What there is under each key, and who would come first.
   * @param since from when on the asker counts as waiting, if it does not wait yet; absent: now
   */
  count(
    transaction: StatementRunner,
    { jobId, taskKey }: SlotOwner,
    wanted: readonly WantedSlot[],
    since?: string,
  ): Promise<SlotCount[]> {
    return transaction.execute(COUNT, [...keysOf(wanted), jobId, taskKey, since ?? null]);
  }

  /** Whether a holder is around a job: it has called it, directly or not, so it waits for it. */
  async isAround(transaction: StatementRunner, { job, task }: SlotHolder, jobId: string): Promise<boolean> {
    return (await transaction.execute(SURROUNDS, [jobId, job, task])).length > 0;
  }

  async take(
    transaction: StatementRunner,
    { jobId, taskKey }: SlotOwner,
    wanted: readonly WantedSlot[],
  ): Promise<void> {
    const epochs = wanted.map(({ epoch }) => epoch ?? null);
    await transaction.execute(TAKE, [...keysOf(wanted), jobId, taskKey, epochs]);
  }

  /** Stands in the queue; whoever does so already keeps its place there. */
  async queue(
    transaction: StatementRunner,
    { jobId, taskKey }: SlotOwner,
    wanted: readonly WantedSlot[],
    since: string,
  ): Promise<void> {
    await transaction.execute(QUEUE, [...keysOf(wanted), jobId, taskKey, since]);
  }
}

/** Whether there is no place for the asker now. */
export function isFull({ most, holders, ahead }: SlotCount): boolean {
  return holders.length + ahead.length >= most;
}

function keysOf(wanted: readonly WantedSlot[]): [string[], number[]] {
  return [wanted.map(({ key }) => key), wanted.map(({ most }) => most)];
}
