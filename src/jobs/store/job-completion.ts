import { Injectable } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import { Database } from '../../database/database.js';
import { Statement } from '../../database/statement.js';
import type { ExecutionFault } from '../../engine/execution-unit.js';
import { ChangeAnnouncer } from '../change-announcer.js';
import { CALLBACK_COLUMNS, oweCallback, WAKE_CALLBACKS } from './callback-outbox.js';
import type { HeldLease, Redispatch } from './job-leases.js';
import { OWNED } from './ownership.js';
import { wellFormedText } from './well-formed-text.js';

/** An output as it is stored: a JSON value, or a file by its path relative to the data directory. */
export type StoredOutput =
  | { readonly id: string; readonly mediaType: string; readonly value: unknown }
  | {
      readonly id: string;
      readonly mediaType: string;
      readonly file: string;
      readonly size: number;
      readonly sha256: string;
    };

interface Written {
  readonly id: string;
}

/** What a lost worker or a dead executor led to: the job waits again, or its budget is used up. */
export interface Recovery extends Redispatch {
  readonly state_type: 'SCHEDULED' | 'CRASHED' | 'CANCELLED';
}

/** State, outputs and event in one statement: a reader sees all of the end of a job, or nothing of it. */
const SUCCEED = new Statement<Written>(
  'job_succeed',
  `WITH j AS (
     UPDATE job SET state_type = 'COMPLETED', state_name = 'Completed', progress = 100, lease_until = NULL,
       finished_at = now(), updated_at = now(), expires_at = now() + $3 * interval '1 ms', seq = seq + 1
     WHERE ${OWNED}
     RETURNING ${CALLBACK_COLUMNS}
   ), o AS (
     INSERT INTO job_output (job_id, output_id, value, file, media_type, size, sha256)
     SELECT j.id, x.output_id, x.value::json, x.file, x.media_type, x.size, x.sha256
     FROM j, unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::text[])
       AS x (output_id, value, file, media_type, size, sha256)
   ), e AS (
     INSERT INTO job_event (job_id, seq, type) SELECT id, seq, 'successful' FROM j
   ), ${oweCallback('successUri')}
   SELECT id, ${WAKE_CALLBACKS} FROM j`,
);

const FAIL = new Statement<Written>(
  'job_fail',
  `WITH j AS (
     UPDATE job SET state_type = 'FAILED', state_name = $4, message = $5, fault = $6, lease_until = NULL,
       finished_at = now(), updated_at = now(), expires_at = now() + $3 * interval '1 ms', seq = seq + 1
     WHERE ${OWNED}
     RETURNING ${CALLBACK_COLUMNS}
   ), e AS (
     INSERT INTO job_event (job_id, seq, type, data) SELECT id, seq, 'failed', $6::json FROM j
   ), ${oweCallback('failedUri')}
   SELECT id, ${WAKE_CALLBACKS} FROM j`,
);

/** A crash is the platform's fault, not the process': it has a budget of its own, then the job is given up. */
const CRASH = new Statement<Recovery>(
  'job_crash',
  `WITH j AS (
     UPDATE job SET
       state_type = CASE WHEN recoveries < $4 THEN 'SCHEDULED' ELSE 'CRASHED' END,
       state_name = CASE WHEN recoveries < $4 THEN 'AwaitingRecovery' ELSE 'Crashed' END,
       recoveries = recoveries + 1, dispatches = dispatches + 1, message = $5,
       fault = CASE WHEN recoveries < $4 THEN NULL ELSE $6::json END,
       finished_at = CASE WHEN recoveries < $4 THEN NULL ELSE now() END,
       expires_at = CASE WHEN recoveries < $4 THEN NULL ELSE now() + $3 * interval '1 ms' END,
       lease_until = NULL, worker_id = NULL, updated_at = now(), seq = seq + 1
     WHERE ${OWNED}
     RETURNING ${CALLBACK_COLUMNS}, dispatches
   ), e AS (
     INSERT INTO job_event (job_id, seq, type, data)
     SELECT id, seq, CASE state_type WHEN 'CRASHED' THEN 'failed' ELSE 'crashed' END, $6::json FROM j
   ), ${oweCallback('failedUri', `j.state_type = 'CRASHED'`)}
   SELECT id, dispatches, state_type, ${WAKE_CALLBACKS} FROM j`,
);

/** Ends of jobs. Every method is fenced by the epoch: a worker that lost its job changes nothing and is told so. */
@Injectable()
export class JobCompletion {
  constructor(
    private readonly database: Database,
    private readonly announcer: ChangeAnnouncer,
    private readonly settings: Settings,
  ) {}

  /** @returns false when the job is no longer this epoch's, or is being dismissed */
  async succeed(held: HeldLease, outputs: readonly StoredOutput[]): Promise<boolean> {
    const rows = await this.database.execute(SUCCEED, [
      held.id,
      held.epoch,
      this.settings.JOB_TTL,
      outputs.map((output) => output.id),
      outputs.map((output) => ('value' in output ? JSON.stringify(output.value) : null)),
      outputs.map((output) => ('file' in output ? output.file : null)),
      outputs.map((output) => output.mediaType),
      outputs.map((output) => ('file' in output ? output.size : null)),
      outputs.map((output) => ('file' in output ? output.sha256 : null)),
    ]);
    if (rows.length > 0) this.announcer.announceEnd(held.id);
    return rows.length > 0;
  }

  /**
   * @param stateName `Failed`, or `TimedOut`
   * @returns false when the job is no longer this epoch's, or is being dismissed
   */
  async fail(held: HeldLease, stateName: 'Failed' | 'TimedOut', fault: ExecutionFault): Promise<boolean> {
    const rows = await this.database.execute(FAIL, [
      held.id,
      held.epoch,
      this.settings.JOB_TTL,
      stateName,
      wellFormedText(fault.detail),
      JSON.stringify(fault),
    ]);
    if (rows.length > 0) this.announcer.announceEnd(held.id);
    return rows.length > 0;
  }

  /** @returns what became of the job; nothing when it is no longer this epoch's */
  async crash(held: HeldLease, fault: ExecutionFault): Promise<Recovery | undefined> {
    const [row] = await this.database.execute(CRASH, [
      held.id,
      held.epoch,
      this.settings.JOB_TTL,
      this.settings.MAX_RECOVERIES,
      wellFormedText(fault.detail),
      JSON.stringify(fault),
    ]);
    if (row?.state_type === 'SCHEDULED') this.announcer.announce(row.id);
    else if (row !== undefined) this.announcer.announceEnd(row.id);
    return row;
  }
}
