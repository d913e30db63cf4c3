import type { ExecutionFault } from '../../engine/execution-unit.js';
import type { StateType } from '../job-state.js';

/** The columns that describe a job to the outside, as a `SELECT` list over the alias `j`. */
export const STATUS_COLUMNS = `j.id, j.process_id, j.process_version, j.state_type, j.state_name, j.message, j.progress,
  j.fault, j.recoveries, j.worker_id, j.created_at, j.started_at, j.finished_at, j.updated_at`;

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
}
