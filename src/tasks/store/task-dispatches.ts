import { Injectable } from '@nestjs/common';
import { Database, type StatementRunner } from '../../database/database.js';
import { Statement } from '../../database/statement.js';
import type { StepStart } from '../../flows/step-journal.js';
import { ChangeAnnouncer } from '../../jobs/change-announcer.js';
import type { StateType } from '../../jobs/job-state.js';
import { acceptedFrom } from '../../jobs/state-machine.js';
import { OWNED } from '../../jobs/store/conditions.js';
import type { HeldLease } from '../../jobs/store/job-leases.js';
import { ELSEWHERE, FENCE, INNER_READY, STEP_COLUMNS, type StepRow } from './step-row.js';
import type { Beginning } from './step-beginnings.js';

const DRIFT = `(t.kind, t.name, t.input_hash) IS DISTINCT FROM ($4, $5, $7)`;

/** What lets a task get a worker in each state, see `BEGINS` of the steps. */
const GETS_WORKER: Partial<Record<StateType, string>> = {
  SCHEDULED: `CASE t.state_name WHEN 'Suspended' THEN ${INNER_READY('t')}
         ELSE t.wake_at IS NULL OR t.wake_at <= now() END`,
  PENDING: 'true',
  RUNNING: 't.epoch <> $2',
  PAUSED: 't.answer IS NOT NULL',
};

/** A task that nobody has, and that can begin or go on. */
const DISPATCHABLE = `CASE WHEN ${DRIFT} THEN $10::boolean ELSE NOT ${ELSEWHERE} AND (${acceptedFrom(
  { type: 'PENDING', name: 'AwaitingWorker' },
  { isElsewhere: true, isAnswered: true },
  'step',
)
  .map((type) => `t.state_type = '${type}' AND ${GETS_WORKER[type] ?? 'false'}`)
  .join(' OR ')}) END`;

/** Where an attempt that was interrupted goes on under its number. */
const GOES_ON = `t.state_type IN ('RUNNING', 'PAUSED') OR t.state_name IN ('Suspended', 'Paused')`;

/**
 * Puts a task of a running job on record as one that waits for a worker of its own. Whoever had it before with other
 * arguments is fenced off.
 */
const DISPATCH = new Statement<Beginning>(
  'task_dispatch',
  `WITH f AS (
     UPDATE job SET seq = seq + 1, updated_at = now()
     WHERE ${OWNED} AND NOT pause_requested
       AND NOT EXISTS (SELECT FROM task_run t WHERE t.job_id = $1 AND t.key = $3 AND NOT (${DISPATCHABLE}))
     RETURNING id, seq
   ), s AS (
     INSERT INTO task_run AS t (job_id, key, kind, name, parent, state_type, state_name, attempt, input_hash, after,
                                tags, arguments, dispatches, dispatched_at, epoch, seq)
     SELECT id, $3, $4, $5, $6, 'PENDING', 'AwaitingWorker', 1, $7, $8, $9, $11::json, 1, now(), 0, seq FROM f
     ON CONFLICT (job_id, key) DO UPDATE SET
       kind = excluded.kind, name = excluded.name, parent = excluded.parent, state_type = 'PENDING',
       state_name = 'AwaitingWorker',
       attempt = CASE WHEN t.input_hash <> excluded.input_hash THEN 1 WHEN ${GOES_ON} THEN t.attempt
         ELSE t.attempt + 1 END,
       answer = CASE WHEN t.input_hash <> excluded.input_hash THEN NULL ELSE t.answer END,
       epoch = t.epoch + (t.input_hash <> excluded.input_hash)::int, input_hash = excluded.input_hash,
       after = excluded.after, tags = excluded.tags, arguments = excluded.arguments, worker_id = NULL,
       dispatches = t.dispatches + 1, dispatched_at = now(), lease_until = NULL, finished_at = NULL, wake_at = NULL,
       value = NULL, outputs = NULL, fault = NULL, message = NULL, request = NULL, child_id = NULL, cached_from = NULL
     RETURNING t.attempt, t.answer, t.dispatches
   ), e AS (
     INSERT INTO job_event (job_id, seq, type, data)
     SELECT f.id, f.seq, 'task-dispatched', json_build_object('task', $3, 'name', $5, 'attempt', s.attempt) FROM f, s
   )
   SELECT o.*, s.attempt AS begun, s.answer::text AS begun_answer, s.dispatches, ${STEP_COLUMNS}
   FROM ${FENCE} LEFT JOIN s ON true LEFT JOIN task_run t ON t.job_id = $1 AND t.key = $3`,
);

const LOOK = new Statement<StepRow>(
  'task_look',
  `SELECT ${STEP_COLUMNS} FROM task_run t WHERE t.job_id = $1 AND t.key = ANY($2::text[]) AND NOT ${ELSEWHERE}`,
);

/** Tasks of running jobs that get workers of their own. */
@Injectable()
export class TaskDispatches {
  constructor(
    private readonly database: Database,
    private readonly announcer: ChangeAnnouncer,
  ) {}

  /** @returns what came of it, or what is known of the task; nothing when the job is gone */
  async dispatch(held: HeldLease, step: StepStart): Promise<Beginning | undefined> {
    const row = await this.dispatchWithin(this.database, held, step);
    if (row !== undefined && row.begun !== null) this.announcer.announce(held.id);
    return row;
  }

  /** As {@link dispatch}, within a transaction that is not committed yet; whoever commits it announces the change. */
  async dispatchWithin(runner: StatementRunner, held: HeldLease, step: StepStart): Promise<Beginning | undefined> {
    const [row] = await runner.execute(DISPATCH, [
      ...[held.id, held.epoch, step.key, step.kind, step.name, step.parent ?? null, step.inputHash, step.after],
      ...[step.tags ?? [], step.onDrift === 'rerun', JSON.stringify(step.arguments)],
    ]);
    return row;
  }

  /** Those of the tasks that no worker has any more. */
  ended(jobId: string, keys: readonly string[]): Promise<StepRow[]> {
    return this.database.execute(LOOK, [jobId, keys]);
  }
}
