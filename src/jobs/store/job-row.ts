import type { ExecutionFault } from '../../engine/execution-unit.js';
import type { StateType } from '../job-state.js';

/** The columns that describe a job to the outside, as a `SELECT` list over the alias `j`. */
export const STATUS_COLUMNS = `j.id, j.process_id, j.process_version, j.state_type, j.state_name, j.message, j.progress,
  j.fault, j.recoveries, j.worker_id, j.created_at, j.started_at, j.finished_at, j.updated_at, j.waiting_reason,
  j.due_at, j.parent_id, j.retry_of, j.cached_from,
  j.response ->> 'outputs' = '[]' AS wants_nothing`;

/** A row of {@link STATUS_COLUMNS}. */
export interface JobStatusRow {
  readonly id: string;
  readonly process_id: string;
  readonly process_version: string;
  readonly state_type: StateType;
  readonly state_name: string;
  readonly message: string | null;
  readonly progress: number | null;
  readonly fault: ExecutionFault | null;
  readonly recoveries: number;
  readonly worker_id: string | null;
  readonly created_at: Date;
  readonly started_at: Date | null;
  readonly finished_at: Date | null;
  readonly updated_at: Date;
  /** Why no worker takes it, where there is more to say than its state does. */
  readonly waiting_reason: string | null;
  /** Until when it waits for a time. */
  readonly due_at: Date | null;
  /** The job whose step started it. */
  readonly parent_id: string | null;
  /** The job that it repeats. */
  readonly retry_of: string | null;
  /** The job whose results it took over instead of running. */
  readonly cached_from: string | null;
  /** True when the request asked for no outputs at all, so that there will be no results. */
  readonly wants_nothing?: boolean | null;
}

/** A row that was kept as JSON, where dates are texts. */
export function readJobRow(kept: JobStatusRow): JobStatusRow {
  const date = (value: Date | null | undefined) => (value ? new Date(value) : null);
  return {
    ...kept,
    created_at: new Date(kept.created_at),
    started_at: date(kept.started_at),
    finished_at: date(kept.finished_at),
    updated_at: new Date(kept.updated_at),
    due_at: date(kept.due_at),
  };
}
