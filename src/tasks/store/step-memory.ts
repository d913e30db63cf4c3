import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { Statement } from '../../database/statement.js';
import type { HeldLease } from '../../jobs/store/job-leases.js';
import { STEP_COLUMNS, type StepRow } from './step-row.js';

const LOAD = new Statement<StepRow>('step_load', `SELECT ${STEP_COLUMNS} FROM task_run t WHERE t.job_id = $1`);

const LOAD_INSIDE = new Statement<StepRow>(
  'step_load_inside',
  `SELECT ${STEP_COLUMNS} FROM task_run t WHERE t.job_id = $1 AND starts_with(t.key, $2 || '/')`,
);

/**
 * A condition on a step `t` of the job `job`: no step of that job that failed at some time had begun before it, but for
 * those around it. The events tell, since rows of what failed are done anew or removed. Nor was `t` called by a task that
 * asked somebody (`PauseSignal`), whose code takes another way with the answer.
 */
const BEFORE_FAILURES = (job: string, t: string) => `NOT EXISTS (
       SELECT FROM job_event f JOIN job_event s ON s.job_id = f.job_id AND s.data ->> 'task' = f.data ->> 'task'
       WHERE f.job_id = ${job} AND f.type = 'task-failed' AND s.seq <= ${t}.seq
         AND NOT starts_with(${t}.key, (f.data ->> 'task') || '/'))
     AND NOT EXISTS (
       SELECT FROM job_event f WHERE f.job_id = ${job} AND f.type = 'input-requested'
         AND starts_with(${t}.key, (f.data ->> 'task') || '/'))`;

/**
 * Of the steps `$2` those that code has to come to which takes the same way: what the job began before anything of it
 * failed; what it took over that the other job had begun before anything that it did not take over; nothing that came
 * after one of `$3`.
 */
const CERTAIN = new Statement<{ key: string }>(
  'step_certain',
  `SELECT t.key FROM task_run t JOIN job j ON j.id = t.job_id LEFT JOIN task_run o ON o.job_id = j.retry_of AND o.key = t.key
   WHERE t.job_id = $1 AND t.key = ANY($2::text[])
     AND NOT EXISTS (SELECT FROM task_run r WHERE r.job_id = $1 AND r.key = ANY($3::text[]) AND r.seq <= t.seq)
     AND CASE WHEN t.seq > 0 THEN ${BEFORE_FAILURES('$1', 't')}
       ELSE o.seq > 0 AND ${BEFORE_FAILURES('j.retry_of', 'o')} AND NOT EXISTS (
         SELECT FROM task_run m WHERE m.job_id = j.retry_of AND m.seq <= o.seq AND NOT starts_with(o.key, m.key || '/')
           AND NOT EXISTS (SELECT FROM task_run x WHERE x.job_id = $1 AND x.key = m.key AND x.seq <= 0)) END
   ORDER BY t.seq`,
);

/** What a job that is resumed has done before. */
@Injectable()
export class StepMemory {
  constructor(private readonly database: Database) {}

  /** All steps of a job, or those inside of a task that is claimed by itself, by their keys. */
  async load({ id, task }: Pick<HeldLease, 'id' | 'task'>): Promise<Map<string, StepRow>> {
    const rows = await (task === undefined
      ? this.database.execute(LOAD, [id])
      : this.database.execute(LOAD_INSIDE, [id, task]));
    return new Map(rows.map((row) => [row.key, row]));
  }

  /**
   * Which steps code has to come to that takes the same way as before.
   * @param keys of steps on record
   * @param rerun keys of steps that have run anew with other arguments: what comes after them may differ
   * @returns keys, in the order of their beginning
   */
  async certain(jobId: string, keys: readonly string[], rerun: readonly string[]): Promise<string[]> {
    return (await this.database.execute(CERTAIN, [jobId, keys, rerun])).map(({ key }) => key);
  }
}
