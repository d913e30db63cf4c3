import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { Notifications } from '../../database/notifications.js';
import { Statement } from '../../database/statement.js';
import { ChangeAnnouncer } from '../change-announcer.js';
import { SLOT_CHANNEL } from '../job-channels.js';
import { JobDispatch } from '../job-dispatch.js';
import { SUSPENDED } from '../store/conditions.js';
import type { Redispatch } from '../store/job-leases.js';
import { lockNumber } from './limit-keys.js';
import { HELD, QUEUED } from './slot-conditions.js';

/** Waiting owners of one key that a look wakes at most when their result has been computed. */
const MOST_AT_ONCE = 500;

/**
 * Jobs that wait for a place which is there: the first in the queue of each key, as many as there are places that nobody
 * has. One that was woken keeps its position until it has taken the place. When the awaited result of a call is there,
 * everyone who waits for it goes on.
 */
const WAKE = new Statement<Redispatch>(
  'slot_wake',
  `WITH k AS (
     SELECT limit_key, max(most) AS most FROM concurrency_slot
     WHERE waits AND ($1::text[] IS NULL OR limit_key = ANY($1)) GROUP BY limit_key
   ), q AS (
     SELECT w.job_id, w.task_key, w.place > w.most - (
         SELECT count(*) FROM concurrency_slot s WHERE s.limit_key = k.limit_key AND ${HELD}
           AND NOT (s.job_id = w.job_id AND s.task_key <> '' AND starts_with(w.task_key, s.task_key || '/'))
       ) AND NOT w.computed AS must_wait
     FROM k CROSS JOIN LATERAL (
       SELECT s.*, row_number() OVER (ORDER BY s.since, s.job_id, s.task_key) AS place, r.computed FROM (
         SELECT s.* FROM concurrency_slot s WHERE s.limit_key = k.limit_key AND ${QUEUED}
         ORDER BY s.since, s.job_id, s.task_key
         LIMIT CASE WHEN EXISTS (SELECT FROM result_cache WHERE key = k.limit_key) THEN ${MOST_AT_ONCE} ELSE k.most END
       ) s CROSS JOIN LATERAL (
         SELECT EXISTS (SELECT FROM result_cache c WHERE c.key = k.limit_key AND c.created_at >= s.since) AS computed
       ) r
     ) w
   ), l AS MATERIALIZED (
     SELECT id FROM job WHERE id IN (SELECT job_id FROM (
         SELECT job_id FROM q GROUP BY job_id, task_key HAVING NOT bool_or(must_wait)) able)
       AND (state_type = 'SCHEDULED' AND state_name = 'AwaitingConcurrencySlot' OR ${SUSPENDED})
     ORDER BY id FOR NO KEY UPDATE
   ), j AS (
     UPDATE job SET state_type = 'SCHEDULED',
       state_name = CASE WHEN started_at IS NULL THEN 'Scheduled' ELSE 'Resuming' END,
       due_at = NULL, waiting_reason = NULL, dispatches = dispatches + 1, signals = signals + 1, updated_at = now(),
       seq = seq + 1
     FROM l WHERE job.id = l.id
     RETURNING job.id, dispatches, seq
   ), e AS (
     INSERT INTO job_event (job_id, seq, type, data)
     SELECT id, seq, 'resumed', json_build_object('reason', 'slot') FROM j
   )
   SELECT id, dispatches FROM j`,
);

/** Positions in queues that will not be taken: their owners have ended, or have gone another way. */
const SWEEP = new Statement(
  'slot_sweep',
  `DELETE FROM concurrency_slot s WHERE s.waits AND (
     EXISTS (SELECT FROM job j WHERE j.id = s.job_id AND j.finished_at IS NOT NULL)
     OR s.task_key <> '' AND NOT EXISTS (SELECT FROM task_run t
       WHERE t.job_id = s.job_id AND t.key = s.task_key AND t.state_name = 'AwaitingConcurrencySlot'))`,
);

/**
 * Wakes those who wait for a place. Whoever gave one free calls {@link freed}; what a dead node did not say is found by
 * {@link wakeAll}.
 */
@Injectable()
export class SlotQueue implements OnModuleInit {
  private readonly listeners = new Map<string, Set<() => void>>();

  constructor(
    private readonly database: Database,
    private readonly announcer: ChangeAnnouncer,
    private readonly dispatch: JobDispatch,
    private readonly notifications: Notifications,
  ) {}

  onModuleInit(): void {
    this.notifications.on(SLOT_CHANNEL, (numbers) => {
      for (const number of numbers.split(',')) for (const wake of this.listeners.get(number) ?? []) wake();
    });
  }

  /** Places under these keys may be free. To be called after that was committed. */
  async freed(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    this.wake(await this.database.execute(WAKE, [keys]));
    for (const key of keys) this.announcer.announceFree(lockNumber(key));
  }

  /** Looks at all queues. @returns false: there is nothing left to be looked at */
  async wakeAll(): Promise<boolean> {
    await this.database.execute(SWEEP, []);
    this.wake(await this.database.execute(WAKE, [null]));
    return false;
  }

  /** Calls `listener` whenever a place under one of the keys may be free, on any node. @returns what ends that */
  listen(keys: readonly string[], listener: () => void): () => void {
    const numbers = keys.map(lockNumber);
    for (const number of numbers) this.listeners.set(number, (this.listeners.get(number) ?? new Set()).add(listener));
    return () => {
      for (const number of numbers) {
        const listeners = this.listeners.get(number);
        listeners?.delete(listener);
        if (listeners?.size === 0) this.listeners.delete(number);
      }
    };
  }

  private wake(jobs: readonly Redispatch[]): void {
    for (const job of jobs) {
      this.announcer.announce(job.id);
      this.dispatch.dispatch(job);
    }
  }
}
