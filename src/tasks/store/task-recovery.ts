import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { Statement } from '../../database/statement.js';
import { DISMISSABLE, isIn } from '../../jobs/store/conditions.js';
import type { Redispatch } from '../../jobs/store/job-leases.js';
import type { HeldTask } from './task-claims.js';

const LOST = new Statement<HeldTask>(
  'task_lost',
  `SELECT t.job_id AS id, t.key AS task, t.epoch FROM task_run t JOIN job j ON j.id = t.job_id
   WHERE t.lease_until < now() AND j.${isIn(DISMISSABLE)} ORDER BY t.lease_until LIMIT $1`,
);

/** Nobody comes for the tasks of a job that has ended. */
const FORGET = new Statement(
  'task_forget',
  `UPDATE task_run t SET lease_until = NULL, dispatched_at = NULL FROM job j
   WHERE j.id = t.job_id AND j.finished_at IS NOT NULL AND (t.lease_until < now() OR t.dispatched_at IS NOT NULL)`,
);

const WAITS = `FROM task_run t JOIN job j ON j.id = t.job_id
   WHERE t.dispatched_at < now() - $1 * interval '1 ms' AND j.${isIn(DISMISSABLE)} AND NOT j.pause_requested`;

const COUNT_WAITING = new Statement<{ waiting: number }>(
  'task_count_waiting',
  `SELECT count(*)::int AS waiting ${WAITS}`,
);

const WAITING = new Statement<WaitingTask>(
  'task_waiting',
  `SELECT t.job_id AS id, t.key AS task, t.dispatches ${WAITS} AND (t.job_id, t.key) > ($2::uuid, $3::text)
   ORDER BY t.job_id, t.key LIMIT $4`,
);

const REDISPATCH = new Statement<WaitingTask>(
  'task_redispatch',
  `UPDATE task_run t SET dispatches = t.dispatches + 1, dispatched_at = now()
   FROM unnest($1::uuid[], $2::text[]) AS w (id, task)
   WHERE t.job_id = w.id AND t.key = w.task AND t.dispatched_at IS NOT NULL
   RETURNING t.job_id AS id, t.key AS task, t.dispatches`,
);

/** A task that waits for a worker. */
export interface WaitingTask extends Redispatch {
  readonly task: string;
}

/** What the supervisor looks for among the tasks that have workers of their own. */
@Injectable()
export class TaskRecovery {
  constructor(private readonly database: Database) {}

  /** Tasks whose lease has run out. Leases of jobs that have ended are forgotten. */
  async lost(limit: number): Promise<HeldTask[]> {
    await this.database.execute(FORGET, []);
    return await this.database.execute(LOST, [limit]);
  }

  /** How many tasks have waited for a worker for at least `age` milliseconds. */
  async countWaiting(age: number): Promise<number> {
    return (await this.database.execute(COUNT_WAITING, [age]))[0].waiting;
  }

  /** Such tasks in a fixed order, page by page. @param after the last one of the page before */
  waiting(age: number, after: HeldTaskPosition | undefined, limit: number): Promise<WaitingTask[]> {
    const { id, task } = after ?? { id: '00000000-0000-0000-0000-000000000000', task: '' };
    return this.database.execute(WAITING, [age, id, task, limit]);
  }

  /** Gives waiting tasks a new queue entry number. @returns those that still wait */
  redispatch(tasks: readonly HeldTaskPosition[]): Promise<WaitingTask[]> {
    return this.database.execute(REDISPATCH, [tasks.map(({ id }) => id), tasks.map(({ task }) => task)]);
  }
}

/** Names a task. */
type HeldTaskPosition = Pick<HeldTask, 'id' | 'task'>;
