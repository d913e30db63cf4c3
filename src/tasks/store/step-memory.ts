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
}
