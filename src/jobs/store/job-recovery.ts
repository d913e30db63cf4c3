import { Injectable } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import { Database } from '../../database/database.js';
import { Statement } from '../../database/statement.js';
import type { HeldLease, Redispatch } from './job-leases.js';

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
  `SELECT count(*)::int AS waiting FROM job WHERE state_type IN ('SCHEDULED', 'PENDING')
     AND updated_at < now() - $1 * interval '1 ms'`,
);

const WAITING = new Statement<Redispatch>(
  'job_waiting',
  `SELECT id, dispatches FROM job WHERE state_type IN ('SCHEDULED', 'PENDING')
     AND updated_at < now() - $1 * interval '1 ms' AND id > $2 ORDER BY id LIMIT $3`,
);

const REDISPATCH = new Statement<Redispatch>(
  'job_redispatch',
  `WITH j AS (
     UPDATE job SET dispatches = dispatches + 1 WHERE id = ANY($1::uuid[]) AND state_type IN ('SCHEDULED', 'PENDING')
     RETURNING id, dispatches
   )
   SELECT id, dispatches FROM j`,
);

const EXPIRE = new Statement<{ id: string }>(
  'job_expire',
  `WITH j AS (
     DELETE FROM job WHERE id IN (SELECT id FROM job WHERE expires_at < now() ORDER BY expires_at LIMIT $1)
     RETURNING id
   )
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
    return this.database.execute(WAITING, [age, after ?? '00000000-0000-0000-0000-000000000000', limit]);
  }

  /** Gives waiting jobs a new queue entry number. @returns those that still wait */
  redispatch(jobIds: readonly string[]): Promise<Redispatch[]> {
    return this.database.execute(REDISPATCH, [jobIds]);
  }

  /** Removes jobs past their time. @returns their ids, so that their files can follow */
  async expire(limit: number): Promise<string[]> {
    return (await this.database.execute(EXPIRE, [limit])).map(({ id }) => id);
  }
}
