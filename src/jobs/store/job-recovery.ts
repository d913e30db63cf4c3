import { Injectable } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import { Database } from '../../database/database.js';
import { Statement } from '../../database/statement.js';
import { acceptedFrom } from '../state-machine.js';
import { AWAITS_SLOT, DISMISSABLE, isIn, UNFINISHED, WAITS } from './conditions.js';
import { REMOVE_FILES, REMOVE_RESULT_FILES } from './file-removal.js';
import type { HeldLease, Redispatch } from './job-leases.js';

/** Less than every id. */
const NO_ID = '00000000-0000-0000-0000-000000000000';

const LOST = new Statement<HeldLease>(
  'job_lost',
  `SELECT id, epoch FROM job WHERE state_type = 'RUNNING' AND lease_until < now() ORDER BY lease_until LIMIT $1`,
);

/** The worker had its grace time, or is gone: nobody will confirm any more. */
const STUCK_CANCELLING = new Statement<{ id: string }>(
  'job_stuck_cancelling',
  `SELECT id FROM job WHERE state_type = 'CANCELLING'
     AND (lease_until < now() OR cancel_requested_at < now() - $1 * interval '1 ms') LIMIT $2`,
);

const COUNT_WAITING = new Statement<{ waiting: number }>(
  'job_count_waiting',
  `SELECT count(*)::int AS waiting FROM job WHERE ${isIn(acceptedFrom('RUNNING'))} AND due_at IS NULL
     AND NOT ${AWAITS_SLOT} AND updated_at < now() - $1 * interval '1 ms'`,
);

const WAITING = new Statement<Redispatch>(
  'job_waiting',
  `SELECT id, dispatches FROM job WHERE ${isIn(acceptedFrom('RUNNING'))} AND due_at IS NULL
     AND NOT ${AWAITS_SLOT} AND updated_at < now() - $1 * interval '1 ms' AND id > $2 ORDER BY id LIMIT $3`,
);

const COUNT_POSTPONED = new Statement<{ postponed: number }>(
  'job_count_postponed',
  `SELECT count(*)::int AS postponed FROM job WHERE due_at IS NOT NULL AND ${WAITS}`,
);

const DUE = new Statement<Redispatch>(
  'job_due',
  `SELECT id, dispatches FROM job WHERE due_at < now() - $1 * interval '1 ms' AND ${WAITS} AND id > $2
   ORDER BY id LIMIT $3`,
);

/** Children that were accepted just when their parent was dismissed. */
const LEFT_CHILDREN = new Statement<{ id: string }>(
  'job_left_children',
  `SELECT c.id FROM job c JOIN job p ON p.id = c.parent_id
   WHERE ${isIn(DISMISSABLE, 'c.state_type')} AND p.state_type IN ('CANCELLING', 'CANCELLED')
   LIMIT $1`,
);

const REDISPATCH = new Statement<Redispatch>(
  'job_redispatch',
  `WITH l AS MATERIALIZED (
     SELECT id FROM job WHERE id = ANY($1::uuid[]) AND ${WAITS} ORDER BY id FOR NO KEY UPDATE
   ), j AS (
     UPDATE job SET dispatches = dispatches + 1 FROM l WHERE job.id = l.id RETURNING job.id, job.dispatches
   )
   SELECT id, dispatches FROM j`,
);

/** A job is kept while its parent may yet want its results, and while its subscriber is owed a call about them. */
const EXPIRE = new Statement<{ id: string }>(
  'job_expire',
  `WITH j AS (
     DELETE FROM job WHERE id IN (SELECT id FROM job o WHERE expires_at < now()
       AND NOT EXISTS (SELECT FROM job p WHERE p.id = o.parent_id AND p.${UNFINISHED})
       AND NOT EXISTS (SELECT FROM job_callback c WHERE c.job_id = o.id)
       ORDER BY expires_at LIMIT $1)
     RETURNING id, storage
   ), ${REMOVE_FILES}
   SELECT id FROM j`,
);

/** The results have had their time, the job has not. What is to be computed again must not be taken from it. */
const EXPIRE_RESULTS = new Statement<{ id: string }>(
  'job_expire_results',
  `WITH j AS (
     UPDATE job SET results_expire_at = NULL, results_expired_at = now(), updated_at = now()
     WHERE id IN (SELECT id FROM job o WHERE results_expire_at < now()
       AND NOT EXISTS (SELECT FROM job p WHERE p.id = o.parent_id AND p.${UNFINISHED})
       AND NOT EXISTS (SELECT FROM job_callback c WHERE c.job_id = o.id)
       ORDER BY results_expire_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED)
     RETURNING id, storage
   ), o AS (
     DELETE FROM job_output USING j WHERE job_id = j.id
   ), k AS (
     DELETE FROM result_cache USING j WHERE job_id = j.id AND task_key = ''
   ), ${REMOVE_RESULT_FILES}
   SELECT id FROM j`,
);

/** What the supervisor looks for: work that nobody does any more, and history that has had its time. */
@Injectable()
export class JobRecovery {
  constructor(
    private readonly database: Database,
    private readonly settings: Settings,
  ) {}

  /** Running jobs whose lease has run out (promise P6). */
  lost(limit: number): Promise<HeldLease[]> {
    return this.database.execute(LOST, [limit]);
  }

  /** Cancelling jobs whose worker neither confirmed nor will. */
  async stuckCancelling(limit: number): Promise<string[]> {
    const patience = this.settings.CANCEL_GRACE + this.settings.LEASE;
    return (await this.database.execute(STUCK_CANCELLING, [patience, limit])).map(({ id }) => id);
  }

  /** How many jobs have waited for a worker for at least `age` milliseconds. */
  async countWaiting(age: number): Promise<number> {
    const [row] = await this.database.execute(COUNT_WAITING, [age]);
    return row.waiting;
  }

  /** Waiting jobs in the order of their ids, page by page. */
  waiting(age: number, after: string | undefined, limit: number): Promise<Redispatch[]> {
    return this.database.execute(WAITING, [age, after ?? NO_ID, limit]);
  }

  /** How many jobs wait for a time; each of them has an entry that comes back then. */
  async countPostponed(): Promise<number> {
    const [row] = await this.database.execute(COUNT_POSTPONED, []);
    return row.postponed;
  }

  /** Jobs that have been due for at least `age` milliseconds, in the order of their ids, page by page. */
  due(age: number, after: string | undefined, limit: number): Promise<Redispatch[]> {
    return this.database.execute(DUE, [age, after ?? NO_ID, limit]);
  }

  /** Unfinished jobs whose parents were dismissed. */
  async leftChildren(limit: number): Promise<string[]> {
    return (await this.database.execute(LEFT_CHILDREN, [limit])).map(({ id }) => id);
  }

  /** Gives waiting jobs a new queue entry number. @returns those that still wait */
  redispatch(jobIds: readonly string[]): Promise<Redispatch[]> {
    return this.database.execute(REDISPATCH, [jobIds]);
  }

  /** Removes jobs past their time. @returns their ids, so that their files can follow */
  async expire(limit: number): Promise<string[]> {
    return (await this.database.execute(EXPIRE, [limit])).map(({ id }) => id);
  }

  /** Removes results past their time, whose jobs stay. @returns the ids of the jobs, so that the files can follow */
  async expireResults(limit: number): Promise<string[]> {
    return (await this.database.execute(EXPIRE_RESULTS, [limit])).map(({ id }) => id);
  }
}
