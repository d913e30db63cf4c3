import { Injectable } from '@nestjs/common';
import { Database, type StatementRunner } from '../../database/database.js';
import { Statement } from '../../database/statement.js';
import type { ProcessFault } from '../../flows/process-fault.js';
import type { StepStart } from '../../flows/step-journal.js';
import { ChangeAnnouncer } from '../../jobs/change-announcer.js';
import { admissionValue, type NewJob } from '../../jobs/store/new-job.js';
import type { HeldLease } from '../../jobs/store/job-leases.js';
import type { StateType } from '../../jobs/job-state.js';
import { acceptedFrom } from '../../jobs/state-machine.js';
import { type ClaimFence, forBoth, OF_TASK, taskOf } from '../../jobs/store/claim-fence.js';
import { isIn } from '../../jobs/store/conditions.js';
import { type Fence, STEP_COLUMNS, type StepRow } from './step-row.js';

/** What a statement that begins a step did, and what it found when it did nothing. */
export type Beginning = Fence &
  (StepRow | { readonly [Member in keyof StepRow]: null }) & {
    /** Number of the attempt that begins; nothing when none does. */
    readonly begun: number | null;
    /** JSON text: what was answered to the attempt before. */
    readonly begun_answer: string | null;
    /** Number of the queue entry of a task that was put on the queue. */
    readonly dispatches?: number | null;
  };

/** What a waiting step was found to have come to; nothing when it still waits. */
export type Awakening = Fence & (StepRow | { readonly [Member in keyof StepRow]: null }) & { readonly woken: boolean };

/** How a step that only waits is put on record. */
export interface Opening {
  readonly stateType: 'SCHEDULED' | 'PAUSED' | 'RUNNING' | 'FAILED';
  readonly stateName: string;
  /** milliseconds until it may go on by itself */
  readonly wakeIn?: number;
  readonly fault?: ProcessFault;
  readonly event: string;
  /** The job that it waits for, accepted with it. */
  readonly child?: NewJob;
}

const DRIFT = `(kind, name, input_hash) IS DISTINCT FROM ($4, $5, $7)`;

/** What lets an attempt begin in each state: it is due, done anew, left behind by a lost executor, or answered. */
const BEGINS: Partial<Record<StateType, string>> = {
  SCHEDULED: '(wake_at IS NULL OR wake_at <= now() OR epoch = $2)',
  PENDING: 'true',
  RUNNING: 'epoch <> $2',
  PAUSED: 'answer IS NOT NULL',
};
export const STARTABLE = `CASE WHEN ${DRIFT} THEN $11::boolean ELSE ${acceptedFrom(
  'RUNNING',
  { isLost: true, isAnswered: true },
  'step',
)
  .map((type) => `state_type = '${type}' AND ${BEGINS[type] ?? 'false'}`)
  .join(' OR ')} END`;

/** Takes the lock of the job, and the number of the event; nothing when the step must not begin. */
export const stepFence = (claim: ClaimFence, task: string, condition: string) => `${claim.prelude(task)}f AS (
     UPDATE job SET seq = seq + 1, updated_at = now()
     ${claim.where} AND NOT pause_requested
       AND NOT EXISTS (SELECT FROM task_run WHERE job_id = $1 AND key = $3 AND NOT (${condition}))
     RETURNING id, seq, $2::int AS epoch
   )`;

/** Begins an attempt of a task or a `run`. */
const start = (claim: ClaimFence) =>
  new Statement<Beginning>(
    `step_start${claim.suffix}`,
    `WITH ${stepFence(claim, '$12', STARTABLE)}, s AS (
     INSERT INTO task_run AS t (job_id, key, kind, name, parent, state_type, state_name, attempt, input_hash, after,
                                tags, epoch, worker_id, seq, started_at)
     SELECT id, $3, $4, $5, $6, 'RUNNING', 'Running', 1, $7, $8, $9, epoch, $10, seq, now() FROM f
     ON CONFLICT (job_id, key) DO UPDATE SET
       kind = excluded.kind, name = excluded.name, parent = excluded.parent, state_type = 'RUNNING',
       state_name = CASE WHEN t.state_type IN ('SCHEDULED', 'PENDING')
         AND (t.state_name <> 'AwaitingConcurrencySlot' OR t.attempt > 0) THEN 'Retrying' ELSE 'Running' END,
       attempt = CASE WHEN t.input_hash <> excluded.input_hash THEN 1
                      WHEN t.state_type IN ('SCHEDULED', 'PENDING') THEN t.attempt + 1 ELSE t.attempt END,
       answer = CASE WHEN t.input_hash <> excluded.input_hash THEN NULL ELSE t.answer END,
       input_hash = excluded.input_hash, after = excluded.after, tags = excluded.tags, epoch = excluded.epoch,
       worker_id = excluded.worker_id, started_at = now(), finished_at = NULL, wake_at = NULL, value = NULL,
       outputs = NULL, fault = NULL, message = NULL, request = NULL, child_id = NULL, cached_from = NULL,
       lease_until = ${claim === OF_TASK ? 't.lease_until' : 'NULL'}, dispatched_at = NULL
     RETURNING t.attempt, t.answer
   ), e AS (
     INSERT INTO job_event (job_id, seq, type, data)
     SELECT f.id, f.seq, 'task-started', json_build_object('task', $3, 'name', $5, 'attempt', s.attempt) FROM f, s
   )
   SELECT o.*, s.attempt AS begun, s.answer::text AS begun_answer, ${STEP_COLUMNS}
   FROM ${claim.row('$12')} LEFT JOIN s ON true LEFT JOIN task_run t ON t.job_id = $1 AND t.key = $3`,
  );

const START = forBoth(start);

/** Puts a step on record that waits for a time, an answer or a job; or that failed before it began. */
const open = (claim: ClaimFence, name: string, task: string, child: string) =>
  new Statement<Beginning>(
    name + claim.suffix,
    `WITH ${stepFence(claim, task, `CASE WHEN ${DRIFT} THEN $11::boolean ELSE false END`)}, s AS (
     INSERT INTO task_run AS t (job_id, key, kind, name, parent, state_type, state_name, attempt, input_hash, after,
                                tags, epoch, worker_id, seq, started_at, finished_at, wake_at, request, fault, child_id)
     SELECT id, $3, $4, $5, $6, $12, $13, 1, $7, $8, $9, epoch, $10, seq, now(),
       CASE WHEN $12 = 'FAILED' THEN now() END, now() + $14::float8 * interval '1 ms', $15::json, $16::json, $18::uuid
     FROM f
     ON CONFLICT (job_id, key) DO UPDATE SET
       kind = excluded.kind, name = excluded.name, parent = excluded.parent, state_type = excluded.state_type,
       state_name = excluded.state_name, attempt = 1, input_hash = excluded.input_hash, after = excluded.after,
       tags = excluded.tags, epoch = excluded.epoch, worker_id = excluded.worker_id, started_at = now(),
       finished_at = excluded.finished_at, wake_at = excluded.wake_at, request = excluded.request,
       fault = excluded.fault, child_id = excluded.child_id, value = NULL, outputs = NULL, message = NULL,
       answer = NULL, cached_from = NULL
     RETURNING t.attempt, t.wake_at
   ), ${child} e AS (
     INSERT INTO job_event (job_id, seq, type, data)
     SELECT f.id, f.seq, $17, json_strip_nulls(json_build_object('task', $3, 'name', $5, 'kind', $4, 'until', s.wake_at,
       'message', $15::json ->> 'message', 'job', $18::uuid, 'fault', $16::json)) FROM f, s
   )
   SELECT o.*, s.attempt AS begun, NULL AS begun_answer, ${STEP_COLUMNS}
   FROM ${claim.row(task)} LEFT JOIN s ON true LEFT JOIN task_run t ON t.job_id = $1 AND t.key = $3`,
  );

const OPEN = forBoth((claim) => open(claim, 'step_open', '$19', ''));

/** The job is accepted with the step that waits for it, or not at all. */
const OPEN_PROCESS = forBoth((claim) =>
  open(
    claim,
    'step_open_process',
    '$26',
    `c AS (
     INSERT INTO job (id, process_id, process_version, state_type, state_name, inputs, staged, response, admission,
                      storage, parent_id, parent_task, seq)
     SELECT $18, $19, $20, 'SCHEDULED', 'Scheduled', $21::json, $22::json, $23::json, $24::json, $25, id, $3, 1 FROM f
   ), ce AS (
     INSERT INTO job_event (job_id, seq, type, data)
     SELECT $18, 1, 'accepted', json_build_object('parent', id, 'task', $3) FROM f
   ), `,
  ),
);

/** What a step that waits has come to. An answer counts even when the time for it has passed meanwhile. */
const READY = `CASE
       WHEN t.kind = 'sleep' AND t.wake_at <= now() THEN 'completed'
       WHEN t.kind = 'input' AND t.answer IS NOT NULL THEN 'completed'
       WHEN t.state_type = 'PAUSED' AND t.answer IS NULL AND t.wake_at <= now() THEN 'timed-out'
       WHEN t.kind = 'process' AND c.state_type = 'COMPLETED' THEN 'completed'
       WHEN t.kind = 'process' AND (c.id IS NULL OR c.state_type IN ('FAILED', 'CRASHED', 'CANCELLED')) THEN 'failed'
     END`;

/**
 * Ends a step that waited, when what it waited for has come. The number of signals makes sure that no answer is
 * overlooked that came while the statement waited for the lock of the job.
 */
const WAKE = forBoth(
  (claim) =>
    new Statement<Awakening>(
      `step_wake${claim.suffix}`,
      `WITH w AS MATERIALIZED (
     SELECT ${READY} AS ready, j.signals,
       CASE WHEN t.kind <> 'process' THEN
         json_build_object('name', 'InputTimeoutError', 'message', 'Nobody answered "' || t.name || '" in time.')
       ELSE json_build_object('name', 'ChildJobFailed', 'message', CASE
         WHEN c.id IS NULL THEN 'The job ' || t.child_id || ' was removed before its results were used.'
         WHEN c.state_type = 'CANCELLED' THEN 'The job ' || c.id || ' of "' || c.process_id || '" was dismissed.'
         ELSE 'The job ' || c.id || ' of "' || c.process_id || '" failed: ' || coalesce(c.fault ->> 'detail', '') END)
       END AS fault
     FROM task_run t JOIN job j ON j.id = t.job_id LEFT JOIN job c ON c.id = t.child_id
     WHERE t.job_id = $1 AND t.key = $3 AND ${isIn(acceptedFrom('COMPLETED', {}, 'step'), 't.state_type')}
   ), ${claim.prelude('$4')}f AS (
     UPDATE job SET seq = seq + 1, updated_at = now()
     ${claim.where} AND (SELECT ready FROM w) IS NOT NULL AND signals = (SELECT signals FROM w)
     RETURNING id, seq
   ), s AS (
     UPDATE task_run t SET
       state_type = CASE w.ready WHEN 'completed' THEN 'COMPLETED' ELSE 'FAILED' END,
       state_name = CASE w.ready WHEN 'completed' THEN 'Completed' WHEN 'timed-out' THEN 'TimedOut' ELSE 'Failed' END,
       fault = CASE w.ready WHEN 'completed' THEN NULL ELSE w.fault END,
       value = CASE WHEN w.ready <> 'completed' THEN NULL WHEN t.kind = 'input' THEN t.answer
         WHEN t.kind = 'process' THEN coalesce(
           (SELECT json_object_agg(output_id, value) FROM job_output WHERE job_id = t.child_id AND file IS NULL), '{}')
       END,
       outputs = CASE WHEN w.ready = 'completed' AND t.kind = 'process' THEN
         (SELECT json_agg(json_build_object('id', output_id, 'path', file, 'size', size, 'sha256', sha256,
                                            'mediaType', media_type))
          FROM job_output WHERE job_id = t.child_id AND file IS NOT NULL)
       END,
       epoch = $2, finished_at = now(), wake_at = NULL
     FROM f, w WHERE t.job_id = f.id AND t.key = $3
     RETURNING t.*
   ), e AS (
     INSERT INTO job_event (job_id, seq, type, data)
     SELECT f.id, f.seq, CASE s.state_type WHEN 'COMPLETED' THEN 'task-completed' ELSE 'task-failed' END,
       json_strip_nulls(json_build_object('task', s.key, 'name', s.name, 'attempt', s.attempt, 'fault', s.fault))
     FROM f, s
   )
   SELECT o.*, t.key IS NOT NULL AS woken, ${STEP_COLUMNS} FROM ${claim.row('$4')} LEFT JOIN s t ON true`,
    ),
);

/** Begins steps: one statement each, which writes nothing unless the job runs under the given claim (rule T15). */
@Injectable()
export class StepBeginnings {
  constructor(
    private readonly database: Database,
    private readonly announcer: ChangeAnnouncer,
  ) {}

  /** Begins an attempt of a `task` or `run`. @returns nothing when the job is gone */
  async start(held: HeldLease, step: StepStart, workerId: string): Promise<Beginning | undefined> {
    const row = await this.startWithin(this.database, held, step, workerId);
    this.announce(held, row?.begun);
    return row;
  }

  /** As {@link start}, within a transaction; the beginning is to be announced when that is committed. */
  async startWithin(
    transaction: StatementRunner,
    held: HeldLease,
    step: StepStart,
    workerId: string,
  ): Promise<Beginning | undefined> {
    return (await transaction.execute(START(held), [...stepValues(held, step, workerId), ...taskOf(held)]))[0];
  }

  /** Puts a waiting step on record, with the job it waits for. @returns nothing when the job is gone */
  async open(held: HeldLease, step: StepStart, workerId: string, opening: Opening): Promise<Beginning | undefined> {
    const { stateType, stateName, wakeIn, fault, event, child } = opening;
    const common = [
      ...stepValues(held, step, workerId),
      stateType,
      stateName,
      wakeIn ?? null,
      step.request === undefined ? null : JSON.stringify(step.request),
      fault === undefined ? null : JSON.stringify(fault),
      event,
      child?.id ?? null,
    ];
    const [row] =
      child === undefined
        ? await this.database.execute(OPEN(held), [...common, ...taskOf(held)])
        : await this.database.execute(OPEN_PROCESS(held), [...common, ...childValues(child), ...taskOf(held)]);
    this.announce(held, row?.begun);
    return row;
  }

  /** Ends a waiting step when what it waited for has come. @returns nothing when the job is gone */
  async wake(held: HeldLease, key: string): Promise<Awakening | undefined> {
    const [row] = await this.database.execute(WAKE(held), [held.id, held.epoch, key, ...taskOf(held)]);
    this.announce(held, row?.woken ? 1 : null);
    return row;
  }

  private announce(held: HeldLease, written: number | null | undefined): void {
    if (written !== null && written !== undefined) this.announcer.announce(held.id);
  }
}

/** `$1` to `$11` of the statements that begin a step. */
export function stepValues(held: HeldLease, step: StepStart, workerId: string): unknown[] {
  return [
    held.id,
    held.epoch,
    step.key,
    step.kind,
    step.name,
    step.parent ?? null,
    step.inputHash,
    step.after,
    step.tags ?? [],
    workerId,
    step.onDrift === 'rerun',
  ];
}

function childValues(child: NewJob): unknown[] {
  const { processId, processVersion, inputs, staged, response } = child;
  return [
    processId,
    processVersion,
    JSON.stringify(inputs),
    staged === undefined ? null : JSON.stringify(staged),
    JSON.stringify(response),
    admissionValue(child),
    child.storage ?? null,
  ];
}
