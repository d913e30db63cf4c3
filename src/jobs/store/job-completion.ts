import { Injectable } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import { Database } from '../../database/database.js';
import { GroupedStatement } from '../../database/grouped-statement.js';
import { Statement } from '../../database/statement.js';
import { storableText } from '../../database/storable-text.js';
import type { ExecutionFault } from '../../engine/execution-unit.js';
import { keepResult } from '../cache/keep-result.js';
import { ChangeAnnouncer } from '../change-announcer.js';
import { JobDispatch } from '../job-dispatch.js';
import { CALLBACK_COLUMNS, oweCallback, WAKE_CALLBACKS } from './callback-outbox.js';
import { acceptedFrom } from '../state-machine.js';
import { isIn, OWNED, TASKS_RUN } from './conditions.js';
import type { HeldLease, Redispatch } from './job-leases.js';
import { LOCK_PARENT, PARENT_LOCKED, RESUMED_PARENT, resumeParent, type ResumingParent } from './parent-resumption.js';

/** An output as it is stored: a JSON value, or a file by where it is, see `FileLocation`. */
export type StoredOutput =
  | { readonly id: string; readonly mediaType: string; readonly value: unknown }
  | {
      readonly id: string;
      readonly mediaType: string;
      readonly file: string;
      readonly size: number;
      readonly sha256: string;
    };

/** In which way a process failed. */
export type FailedState = 'Failed' | 'TimedOut' | 'NonDeterminism';

interface Written extends ResumingParent {
  readonly id: string;
}

/** What a lost worker or a dead executor led to: the job waits again, or its budget is used up. */
export interface Recovery extends Redispatch, ResumingParent {
  readonly state_type: 'SCHEDULED' | 'CRASHED';
}

/** A job that has succeeded, and its outputs. */
interface Success extends HeldLease {
  readonly outputs: readonly OutputRow[];
}

/** An output as `json_to_recordset` reads it; its value is a text, so that PostgreSQL leaves what is escaped in it alone. */
interface OutputRow {
  readonly output_id: string;
  readonly media_type: string;
  readonly value?: string;
  readonly file?: string;
  readonly size?: number;
  readonly sha256?: string;
}

/** The members of {@link OutputRow}. */
const OUTPUT_ROW = '(output_id text, value text, file text, media_type text, size bigint, sha256 text)';

/** What a success changes. The parameters are SQL: for how many milliseconds the job is kept, and for how many its results. */
const completed = (ttl: string, resultTtl: string) => `state_type = 'COMPLETED', state_name = 'Completed',
       progress = 100, lease_until = NULL, finished_at = now(), updated_at = now(),
       expires_at = now() + ${ttl} * interval '1 ms',
       results_expire_at = now() + ${resultTtl}::float8 * interval '1 ms', seq = seq + 1`;

/** State, outputs and event in one statement: a reader sees all of the end of a job, or nothing of it. */
const SUCCEED = new Statement<Written>(
  'job_succeed',
  `WITH ${LOCK_PARENT}, j AS (
     UPDATE job SET ${completed('$3', '$4')}
     WHERE ${OWNED} AND ${PARENT_LOCKED}
     RETURNING ${CALLBACK_COLUMNS}
   ), o AS (
     INSERT INTO job_output (job_id, output_id, value, file, media_type, size, sha256)
     SELECT j.id, x.output_id, x.value::json, x.file, x.media_type, x.size, x.sha256
     FROM j, json_to_recordset($5::json) AS x ${OUTPUT_ROW}
   ), ${keepResult('j', `''`)}, e AS (
     INSERT INTO job_event (job_id, seq, type) SELECT id, seq, 'successful' FROM j
   ), ${oweCallback('successUri')}, ${resumeParent()}
   SELECT id, ${RESUMED_PARENT}, ${WAKE_CALLBACKS} FROM j`,
);

/**
 * The same for many jobs at once, of those whose end concerns nobody else: no parent, no subscriber, no place under a
 * limit and no result to keep. A locked one is left out.
 *
 * A plan for a young table, which it is kept for until the first statistics, would read all of it for each group. It has
 * no choice where each job is looked up by itself; and what is compared twice makes it expect one job, and look that up
 * again rather than read all.
 */
const SUCCEED_TOGETHER = new Statement<Written>(
  'job_succeed_together',
  `WITH l AS MATERIALIZED (
     SELECT locked.id AS locked_id, held.outputs
     FROM json_to_recordset($1::json) AS held (id uuid, epoch int, outputs json), LATERAL (
       SELECT job.id FROM job
       WHERE job.id = held.id AND job.epoch = held.epoch AND (${isIn(acceptedFrom('COMPLETED'))}) IS TRUE
         AND parent_id IS NULL AND subscriber IS NULL AND admission IS NULL
       FOR NO KEY UPDATE SKIP LOCKED LIMIT 1
     ) AS locked
     WHERE locked.id = held.id
   ), j AS (
     UPDATE job SET ${completed('$2', '$3')} FROM l WHERE id = locked_id RETURNING id, seq, outputs
   ), o AS (
     INSERT INTO job_output (job_id, output_id, value, file, media_type, size, sha256)
     SELECT j.id, x.output_id, x.value::json, x.file, x.media_type, x.size, x.sha256
     FROM j, json_to_recordset(j.outputs) AS x ${OUTPUT_ROW}
   ), e AS (
     INSERT INTO job_event (job_id, seq, type) SELECT id, seq, 'successful' FROM j
   )
   SELECT id, NULL AS resumed FROM j`,
);

/** A job with more text than this ends by itself, lest a group grow out of bounds. Characters. */
const LARGEST_IN_GROUP = 32 * 1024;

const SUCCEEDED = new Statement<{ readonly id: string }>(
  'job_succeeded',
  `SELECT id FROM job WHERE id = $1 AND epoch = $2 AND state_type = 'COMPLETED'`,
);

const FAIL = new Statement<Written>(
  'job_fail',
  `WITH ${LOCK_PARENT}, j AS (
     UPDATE job SET state_type = 'FAILED', state_name = $4, message = $5, fault = $6, lease_until = NULL,
       finished_at = now(), updated_at = now(), expires_at = now() + $3 * interval '1 ms', seq = seq + 1
     WHERE ${OWNED} AND ${PARENT_LOCKED}
     RETURNING ${CALLBACK_COLUMNS}
   ), e AS (
     INSERT INTO job_event (job_id, seq, type, data) SELECT id, seq, 'failed', $6::json FROM j
   ), ${oweCallback('failedUri')}, ${resumeParent()}
   SELECT id, ${RESUMED_PARENT}, ${WAKE_CALLBACKS} FROM j`,
);

/** A crash is the platform's fault, not the process': it has a budget of its own, then the job is given up. */
const CRASH = new Statement<Recovery>(
  'job_crash',
  `WITH ${LOCK_PARENT}, j AS (
     UPDATE job SET
       state_type = CASE WHEN recoveries < $4 THEN 'SCHEDULED' ELSE 'CRASHED' END,
       state_name = CASE WHEN recoveries < $4 THEN 'AwaitingRecovery' ELSE 'Crashed' END,
       recoveries = recoveries + 1, dispatches = dispatches + 1, message = $5,
       fault = CASE WHEN recoveries < $4 THEN NULL ELSE $6::json END,
       finished_at = CASE WHEN recoveries < $4 THEN NULL ELSE now() END,
       expires_at = CASE WHEN recoveries < $4 THEN NULL ELSE now() + $3 * interval '1 ms' END,
       lease_until = NULL, worker_id = NULL, claimed_at = CASE WHEN ${TASKS_RUN()} THEN claimed_at END,
       updated_at = now(), seq = seq + 1
     WHERE ${OWNED} AND ${PARENT_LOCKED}
     RETURNING ${CALLBACK_COLUMNS}, dispatches
   ), e AS (
     INSERT INTO job_event (job_id, seq, type, data)
     SELECT id, seq, CASE state_type WHEN 'CRASHED' THEN 'failed' ELSE 'crashed' END, $6::json FROM j
   ), ${oweCallback('failedUri', `j.state_type = 'CRASHED'`)}, ${resumeParent(`j.state_type = 'CRASHED'`)}
   SELECT id, dispatches, state_type, ${RESUMED_PARENT}, ${WAKE_CALLBACKS} FROM j`,
);

/** Ends of jobs. Every method is fenced by the epoch: a worker that lost its job changes nothing and is told so. */
@Injectable()
export class JobCompletion {
  private readonly successes: GroupedStatement<Success, Written>;

  constructor(
    private readonly database: Database,
    private readonly announcer: ChangeAnnouncer,
    private readonly dispatch: JobDispatch,
    private readonly settings: Settings,
  ) {
    this.successes = new GroupedStatement(
      (successes) => this.succeedTogether(successes),
      (success) => this.succeedAlone(success),
    );
  }

  /**
   * Safe to repeat.
   * @returns false when the job is no longer this epoch's, or is being dismissed
   */
  async succeed(held: HeldLease, outputs: readonly StoredOutput[]): Promise<boolean> {
    const success = { id: held.id, epoch: held.epoch, outputs: outputs.map(rowOf) };
    const size = success.outputs.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
    const row = await (size <= LARGEST_IN_GROUP ? this.successes.execute(success) : this.succeedAlone(success));
    this.ended(row);
    return row !== undefined || (await this.hasSucceeded(held));
  }

  /**
   * @returns false when the job is no longer this epoch's, or is being dismissed
   */
  async fail(held: HeldLease, stateName: FailedState, fault: ExecutionFault): Promise<boolean> {
    const [row] = await this.database.execute(FAIL, [
      held.id,
      held.epoch,
      this.settings.JOB_TTL,
      stateName,
      storableText(fault.detail),
      JSON.stringify(fault),
    ]);
    this.ended(row);
    return row !== undefined;
  }

  /**
   * @param budget how many crashes of the job are made up for
   * @returns what became of the job; nothing when it is no longer this epoch's
   */
  async crash(
    held: HeldLease,
    fault: ExecutionFault,
    budget = this.settings.MAX_RECOVERIES,
  ): Promise<Recovery | undefined> {
    const [row] = await this.database.execute(CRASH, [
      held.id,
      held.epoch,
      this.settings.JOB_TTL,
      budget,
      storableText(fault.detail),
      JSON.stringify(fault),
    ]);
    if (row?.state_type === 'SCHEDULED') this.announcer.announce(row.id);
    else this.ended(row);
    return row;
  }

  private async succeedAlone({ id, epoch, outputs }: Success): Promise<Written | undefined> {
    const { JOB_TTL, RESULT_TTL = null } = this.settings;
    const [row] = await this.database.execute(SUCCEED, [id, epoch, JOB_TTL, RESULT_TTL, JSON.stringify(outputs)]);
    return row;
  }

  private succeedTogether(successes: readonly Success[]): Promise<Written[]> {
    const { JOB_TTL, RESULT_TTL = null } = this.settings;
    return this.database.execute(SUCCEED_TOGETHER, [JSON.stringify(successes), JOB_TTL, RESULT_TTL]);
  }

  /** An answer may be lost after its statement took effect; what is then said again is still so. */
  private async hasSucceeded({ id, epoch }: HeldLease): Promise<boolean> {
    return (await this.database.execute(SUCCEEDED, [id, epoch])).length > 0;
  }

  private ended(job: Written | undefined): void {
    if (job === undefined) return;
    this.announcer.announceEnd(job.id);
    if (job.resumed === null) return;
    this.announcer.announce(job.resumed.id);
    this.dispatch.dispatch(job.resumed);
  }
}

function rowOf(output: StoredOutput): OutputRow {
  const { id: output_id, mediaType: media_type } = output;
  if ('value' in output) return { output_id, media_type, value: JSON.stringify(output.value) };
  const { file, size, sha256 } = output;
  return { output_id, media_type, file, size, sha256 };
}
