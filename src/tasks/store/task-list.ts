import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { Statement } from '../../database/statement.js';
import type { ProcessFault } from '../../flows/process-fault.js';
import type { InputRequest, StepKind } from '../../flows/step-journal.js';
import type { StateType } from '../../jobs/job-state.js';
import { isIn, TERMINAL } from '../../jobs/store/conditions.js';
import type { CachedFrom, FailedAttempt } from '../task.types.js';

/** A step as the list shows it. */
export interface TaskListRow {
  readonly key: string;
  readonly seq: number;
  readonly kind: StepKind;
  readonly name: string;
  readonly parent: string | null;
  readonly state_type: StateType;
  readonly state_name: string;
  readonly attempt: number;
  readonly after: readonly string[];
  readonly tags: readonly string[];
  readonly fault: ProcessFault | null;
  readonly message: string | null;
  readonly failures: readonly FailedAttempt[];
  readonly request: InputRequest | null;
  readonly wake_at: Date | null;
  readonly child_id: string | null;
  readonly cached_from: CachedFrom | null;
  readonly worker_id: string | null;
  readonly created_at: Date;
  readonly started_at: Date | null;
  readonly finished_at: Date | null;
}

/** Place of a step in the list. */
export type TaskPosition = readonly [seq: number, key: string];

/** What a job left unfinished when it ended is not being worked on. */
const ENDED = `(${isIn(TERMINAL, 'j.state_type')} AND NOT ${isIn(TERMINAL, 't.state_type')})`;

const PAGE = new Statement<TaskListRow>(
  'task_page',
  `SELECT t.key, t.seq, t.kind, t.name, t.parent, t.attempt, t.after, t.tags, t.fault, t.message, t.failures, t.request,
     t.wake_at, t.child_id, t.cached_from, t.worker_id, t.created_at, t.started_at,
     CASE WHEN ${ENDED} THEN 'CANCELLED' ELSE t.state_type END AS state_type,
     CASE WHEN ${ENDED} THEN 'Cancelled' ELSE t.state_name END AS state_name,
     CASE WHEN ${ENDED} THEN j.finished_at ELSE t.finished_at END AS finished_at
   FROM task_run t JOIN job j ON j.id = t.job_id
   WHERE t.job_id = $1 AND (t.seq, t.key) > ($2::int, $3::text) AND ($5::text[] IS NULL OR t.tags && $5::text[])
   ORDER BY t.seq, t.key LIMIT $4`,
);

/** Before every step of every job: those that were taken over have numbers below 1. */
const BEGINNING: TaskPosition = [-(2 ** 31), ''];

/** Reads the steps of jobs. */
@Injectable()
export class TaskList {
  constructor(private readonly database: Database) {}

  /**
   * In the order of their first beginning.
   * @param after place of the last step of the page before
   * @param tags those with one of these; absent: all
   */
  page(
    jobId: string,
    limit: number,
    after: TaskPosition = BEGINNING,
    tags?: readonly string[],
  ): Promise<TaskListRow[]> {
    return this.database.execute(PAGE, [jobId, ...after, limit, tags ?? null]);
  }
}
