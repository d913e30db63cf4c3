import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { Statement } from '../database/statement.js';
import type { AttemptRecord } from '../deliveries/call-source.js';
import { ChangeAnnouncer } from '../jobs/change-announcer.js';
import type { CallbackKind, ResponsePreferences } from '../jobs/job.types.js';
import type { JobStatusRow } from '../jobs/store/job-row.js';

/** A call that this node has taken on. `attempts` counts the present one, and fences its outcome. */
export interface OwedCallback {
  readonly job_id: string;
  readonly seq: number;
  readonly kind: CallbackKind;
  readonly uri: string;
  readonly origin: string;
  readonly attempts: number;
  readonly created_at: Date;
  /** The job as it was when the call became due; dates are texts. */
  readonly job: JobStatusRow;
  /** URL of the landing page, for the links in what is sent. */
  readonly base: string;
  /** What the request said of the results; null when the job has been removed. */
  readonly response: ResponsePreferences | null;
  /** Whether a later call of the same job waits for this one. */
  readonly holds_up: boolean;
}

/**
 * Takes calls that are due: of each job only the first one, of each origin only so many, and none of an origin that
 * is busy already. So neither a slow subscriber nor one with many jobs keeps the others waiting. Origins are found by
 * steps through the index, so a long queue of one of them costs nothing.
 */
const TAKE = new Statement<OwedCallback>(
  'callback_take',
  `WITH RECURSIVE origins AS (
     (SELECT origin FROM job_callback ORDER BY origin LIMIT 1)
     UNION ALL
     SELECT (SELECT c.origin FROM job_callback c WHERE c.origin > o.origin ORDER BY c.origin LIMIT 1)
     FROM origins o WHERE o.origin IS NOT NULL
   ), due AS (
     SELECT d.job_id, d.seq
     FROM origins o CROSS JOIN LATERAL (
       SELECT c.job_id, c.seq, c.due_at FROM job_callback c
       WHERE c.origin = o.origin AND c.due_at <= now()
         AND NOT EXISTS (SELECT FROM job_callback p WHERE p.job_id = c.job_id AND p.seq < c.seq)
       ORDER BY c.due_at LIMIT $2
     ) d
     WHERE o.origin IS NOT NULL AND o.origin <> ALL($3::text[])
     ORDER BY d.due_at LIMIT $1
   ), locked AS (
     SELECT c.job_id, c.seq FROM job_callback c JOIN due USING (job_id, seq)
     WHERE c.due_at <= now() FOR UPDATE OF c SKIP LOCKED
   ), taken AS (
     UPDATE job_callback c SET attempts = attempts + 1, due_at = now() + $4 * interval '1 ms'
     FROM locked WHERE c.job_id = locked.job_id AND c.seq = locked.seq
     RETURNING c.*
   )
   SELECT t.job_id, t.seq, t.kind, t.uri, t.origin, t.attempts, t.created_at, t.job, j.response,
     coalesce(t.job ->> 'base', j.subscriber ->> 'base') AS base,
     EXISTS (SELECT FROM job_callback n WHERE n.job_id = t.job_id AND n.seq > t.seq) AS holds_up
   FROM taken t LEFT JOIN job j ON j.id = t.job_id`,
);

/**
 * A statement that records how attempt `$3` of call `$2` of job `$1` went, as event `$4` with the data `$5`; a job that
 * has been removed has no events any more. The job's row is locked first, as in every statement that changes a job.
 * @param consequence what becomes of the call
 */
function afterAttempt(name: string, consequence: string): Statement<{ job_id: string }> {
  return new Statement(
    name,
    `WITH l AS MATERIALIZED (
       SELECT id FROM job WHERE id = $1 FOR NO KEY UPDATE
     ), c AS (
       ${consequence} WHERE (SELECT count(*) FROM l) >= 0 AND job_id = $1 AND seq = $2 AND attempts = $3
       RETURNING job_id
     ), j AS (
       UPDATE job SET seq = job.seq + 1 FROM c WHERE job.id = c.job_id RETURNING job.id, job.seq
     ), e AS (
       INSERT INTO job_event (job_id, seq, type, data) SELECT id, seq, $4, $5::json FROM j
     )
     SELECT job_id FROM c`,
  );
}

const SETTLE = afterAttempt('callback_settle', 'DELETE FROM job_callback');

const POSTPONE = afterAttempt('callback_postpone', `UPDATE job_callback SET due_at = now() + $6 * interval '1 ms'`);

/** The attempt was broken off by this node and does not count. */
const GIVE_BACK = new Statement(
  'callback_give_back',
  `UPDATE job_callback SET attempts = attempts - 1, due_at = now() WHERE job_id = $1 AND seq = $2 AND attempts = $3`,
);

/** The calls that are owed to subscribers, and the events that tell how they went. */
@Injectable()
export class CallbackQueue {
  constructor(
    private readonly database: Database,
    private readonly announcer: ChangeAnnouncer,
  ) {}

  /**
   * @param most calls to take
   * @param mostPerOrigin calls to take for one origin
   * @param busy origins to leave out
   * @param lease milliseconds after which a call is free for another attempt, should its outcome never be told
   */
  take(most: number, mostPerOrigin: number, busy: readonly string[], lease: number): Promise<OwedCallback[]> {
    return this.database.execute(TAKE, [most, mostPerOrigin, busy, lease]);
  }

  /** The subscriber has it. */
  async delivered(callback: OwedCallback, attempt: AttemptRecord): Promise<void> {
    await this.settle(callback, 'callback-delivered', attempt);
  }

  /** It will not be tried again. */
  async givenUp(callback: OwedCallback, attempt: AttemptRecord): Promise<void> {
    await this.settle(callback, 'callback-failed', { ...attempt, givenUp: true });
  }

  /** It failed and is tried again. @param delay milliseconds until then */
  async postpone(callback: OwedCallback, attempt: AttemptRecord, delay: number): Promise<void> {
    const data = this.data(callback, { ...attempt, retryIn: Math.round(delay / 1_000) });
    const { job_id: jobId, seq, attempts } = callback;
    await this.database.execute(POSTPONE, [jobId, seq, attempts, 'callback-failed', data, delay]);
    this.announcer.announce(jobId);
  }

  async giveBack({ job_id: jobId, seq, attempts }: OwedCallback): Promise<void> {
    await this.database.execute(GIVE_BACK, [jobId, seq, attempts]);
  }

  private async settle(callback: OwedCallback, type: string, attempt: object): Promise<void> {
    const { job_id: jobId, seq, attempts } = callback;
    await this.database.execute(SETTLE, [jobId, seq, attempts, type, this.data(callback, attempt)]);
    this.announcer.announce(jobId);
  }

  /** The URL is not told: it may hold a secret of the subscriber, and events are read by others. */
  private data({ seq, kind, attempts }: OwedCallback, attempt: object): string {
    return JSON.stringify({ kind, event: seq, attempt: attempts, ...attempt });
  }
}
