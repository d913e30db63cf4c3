import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { Statement } from '../../database/statement.js';
import { storableJson, storableText } from '../../database/storable-text.js';
import type { Transaction } from '../../database/transaction.js';
import type { StepEnd } from '../../flows/step-journal.js';
import { keepResult } from '../../jobs/cache/keep-result.js';
import { ChangeAnnouncer } from '../../jobs/change-announcer.js';
import { acceptedFrom } from '../../jobs/state-machine.js';
import {
  countTime,
  forBoth,
  OF_TASK,
  RESUMED_EVENT,
  RESUMED_JOB,
  RESUMES,
  resumeJob,
} from '../../jobs/store/claim-fence.js';
import { isIn } from '../../jobs/store/conditions.js';
import type { HeldLease, Redispatch } from '../../jobs/store/job-leases.js';
import type { StoredStepOutput } from '../task.types.js';
import { type Fence, resetFailures } from './step-row.js';

interface Ending extends Fence {
  readonly written: boolean;
  /** Whether the attempt had been ended before under this claim: the answer to an earlier call was lost. */
  readonly known: boolean | null;
  /** The job of a task, when it is to be dispatched. */
  readonly resumed: Redispatch | null;
}

/** An attempt asks (`PauseSignal`) or fails only while it runs; what only waits is not ended by an attempt. */
const ENDING = acceptedFrom({ type: 'PAUSED', name: 'AwaitingInput' }, {}, 'step');

/** Whether the worker of a task has done with it, at least for now. */
const LEAVES = '$14::boolean';

/**
 * Ends an attempt: with a result, with a fault, with another attempt to come, or with a question. Another attempt does
 * the steps anew that failed inside of this one.
 */
const END = forBoth(
  (claim) =>
    new Statement<Ending>(
      `step_end${claim.suffix}`,
      `WITH ${claim.prelude('$13')}f AS (
     UPDATE job SET ${
       claim === OF_TASK
         ? `${resumeJob(LEAVES)}, ${countTime('$13', `NOT ${LEAVES}`)}`
         : 'seq = seq + 1, updated_at = now()'
     }
     ${claim.where} AND EXISTS (
       SELECT FROM task_run WHERE job_id = $1 AND key = $3 AND ${isIn(ENDING)} AND epoch = $2)
     RETURNING id, seq, dispatches, ${claim === OF_TASK ? RESUMES(LEAVES) : 'false AS resumes'}
   ), s AS (
     UPDATE task_run t SET state_type = $4, state_name = $5, value = $6::json, outputs = $7::json,
       fault = CASE WHEN $4 = 'SCHEDULED' THEN NULL ELSE $8::json END, message = $9,
       wake_at = now() + $10::float8 * interval '1 ms',
       request = coalesce($11::json, request), answer = CASE WHEN $11::json IS NULL THEN answer END,
       finished_at = CASE WHEN $4 IN ('COMPLETED', 'FAILED') THEN now() END,
       failures = CASE WHEN $4 = 'SCHEDULED' THEN failures || jsonb_build_object('attempt', attempt,
         'started', started_at, 'finished', now(), 'fault', $8::jsonb) ELSE failures END
       ${claim === OF_TASK ? `, lease_until = CASE WHEN ${LEAVES} THEN NULL ELSE t.lease_until END` : ''}
     FROM f WHERE t.job_id = f.id AND t.key = $3
     RETURNING t.name, t.attempt, t.wake_at
   ), ${keepResult('f', '$3::text', `$4 = 'COMPLETED' AND $5 = 'Completed'`)}, ${resetFailures('f', `$4 = 'SCHEDULED' AND starts_with(t.key, $3 || '/')`)}, e AS (
     INSERT INTO job_event (job_id, seq, type, data)
     SELECT f.id, f.seq - f.resumes::int, $12, json_strip_nulls(json_build_object('task', $3::text, 'name', s.name, 'attempt', s.attempt,
       'retryAt', CASE WHEN $4 = 'SCHEDULED' THEN s.wake_at END, 'until', CASE WHEN $4 = 'PAUSED' THEN s.wake_at END,
       'message', coalesce($9, $11::json ->> 'message'), 'fault', $8::json)) FROM f, s
   ), ${RESUMED_EVENT('$3')}
   SELECT o.*, s.attempt IS NOT NULL AS written, t.state_type <> 'RUNNING' AND t.epoch = $2 AS known, ${RESUMED_JOB}
   FROM ${claim.row('$13')} LEFT JOIN s ON true LEFT JOIN task_run t ON t.job_id = $1 AND t.key = $3`,
    ),
);

/** Waits for every transaction that has changed the job. */
const SETTLE = new Statement('step_settle', 'SELECT id FROM job WHERE id = $1 FOR UPDATE');

const RECORDED = new Statement(
  'step_recorded',
  `SELECT key FROM task_run WHERE job_id = $1 AND epoch = $2 AND key = $3 AND state_type = 'COMPLETED'`,
);

const EVENTS: Record<StepEnd['end'], string> = {
  completed: 'task-completed',
  failed: 'task-failed',
  retry: 'task-retrying',
  paused: 'input-requested',
};

/** Ends attempts of steps. What was written is the step's result, whatever happens to its executor afterwards. */
@Injectable()
export class StepEndings {
  constructor(
    private readonly database: Database,
    private readonly announcer: ChangeAnnouncer,
  ) {}

  /**
   * @param outputs of a completed step, as rows keep them
   * @returns whether the end is on record; false when the job is not this claim's any more, or is being dismissed
   */
  async end(held: HeldLease, end: StepEnd, outputs: readonly StoredStepOutput[]): Promise<boolean> {
    const [row] = await this.database.execute(END(held), this.values(held, end, outputs));
    if (row?.written) this.announcer.announce(held.id);
    return row !== undefined && (row.written || (row.owned && row.known === true));
  }

  /**
   * Ends an attempt of a task that has a worker of its own.
   * @param leaves whether its worker has done with it, at least for now; its job goes on then
   * @returns whether the end is on record, and the job when it is to be dispatched
   */
  async endTask(
    held: HeldLease,
    end: StepEnd,
    outputs: readonly StoredStepOutput[],
    leaves: boolean,
  ): Promise<{ readonly isRecorded: boolean; readonly resumed?: Redispatch }> {
    const [row] = await this.database.execute(END(held), this.values(held, end, outputs, leaves));
    if (row?.written) this.announcer.announce(held.id);
    const isRecorded = row !== undefined && (row.written || row.known === true);
    return { isRecorded, ...(row?.resumed && { resumed: row.resumed }) };
  }

  /** As {@link end}, within a transaction that is not committed yet. {@link announce} it when it is. */
  async endWithin(
    transaction: Transaction,
    held: HeldLease,
    end: StepEnd,
    outputs: readonly StoredStepOutput[],
  ): Promise<boolean> {
    const [row] = await transaction.execute(END(held), this.values(held, end, outputs));
    return row?.written === true;
  }

  /** Tells that the end of an attempt was put on record. */
  announce(held: HeldLease): void {
    this.announcer.announce(held.id);
  }

  /**
   * Whether a step has completed under this claim, whatever became of the connection by which that was to be recorded.
   * Two statements, because the second one has to see what the first one waited for.
   */
  async isRecorded(held: HeldLease, key: string): Promise<boolean> {
    await this.database.execute(SETTLE, [held.id]);
    return (await this.database.execute(RECORDED, [held.id, held.epoch, key])).length > 0;
  }

  private values(held: HeldLease, end: StepEnd, outputs: readonly StoredStepOutput[], leaves = false): unknown[] {
    const common = [held.id, held.epoch, end.key, ...this.ending(end, outputs)];
    return held.task === undefined ? common : [...common, held.task, leaves];
  }

  private ending(end: StepEnd, outputs: readonly StoredStepOutput[]): unknown[] {
    const json = (value: unknown) => (value === undefined ? null : JSON.stringify(value));
    const none = { value: null, outputs: null, fault: null, message: null, wakeIn: null, request: null };
    const list = (type: string, name: string, given: Partial<Record<keyof typeof none, unknown>>, event: string) => {
      const { value, outputs: files, fault, message, wakeIn, request } = { ...none, ...given };
      return [type, name, value, files, fault, message, wakeIn, request, event];
    };
    const event = EVENTS[end.end];
    switch (end.end) {
      case 'completed': {
        const message = end.message === undefined ? null : storableText(end.message);
        const files = outputs.length === 0 ? null : JSON.stringify(outputs);
        const type = end.name === 'Skipped' ? 'task-skipped' : event;
        return list('COMPLETED', end.name, { value: json(end.value), outputs: files, message }, type);
      }
      case 'failed':
        return list('FAILED', end.name, { fault: storableJson(JSON.stringify(end.fault)) }, event);
      case 'retry': {
        const fault = storableJson(JSON.stringify(end.fault));
        return list('SCHEDULED', 'AwaitingRetry', { fault, wakeIn: end.delay }, event);
      }
      case 'paused':
        return list(
          'PAUSED',
          'AwaitingInput',
          { wakeIn: end.request.timeout, request: JSON.stringify(end.request) },
          event,
        );
    }
  }
}
