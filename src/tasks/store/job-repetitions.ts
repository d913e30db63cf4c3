import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { Statement } from '../../database/statement.js';
import { ChangeAnnouncer } from '../../jobs/change-announcer.js';
import { JobDispatch } from '../../jobs/job-dispatch.js';
import type { StateType } from '../../jobs/job-state.js';
import { isIn, TERMINAL } from '../../jobs/store/conditions.js';
import type { StagedInputs } from '../../jobs/job.types.js';
import type { StoredStepOutput } from '../task.types.js';

/** A job as a repetition of it needs it. */
export interface RepeatableJob {
  readonly id: string;
  readonly process_id: string;
  readonly process_version: string;
  readonly state_type: StateType;
  readonly staged: StagedInputs | null;
}

/** A step of the job. */
export interface RepeatableStep {
  readonly key: string;
  readonly parent: string | null;
  readonly seq: number;
  readonly state_type: StateType;
  readonly outputs: readonly StoredStepOutput[] | null;
}

/** What a repetition takes over. */
export interface Takeover {
  readonly key: string;
  /** The files of the step, where they are for the new job. */
  readonly outputs: readonly StoredStepOutput[] | null;
}

/** A job that is to repeat another one. */
export interface RepeatedJob {
  readonly id: string;
  readonly version: string;
  /** The files among the inputs, where they are for the new job. */
  readonly staged: StagedInputs | null;
  readonly steps: readonly Takeover[];
  /** The storage of its files; nothing: DATA_DIR. */
  readonly storage: string | null;
}

const FIND = new Statement<RepeatableJob>(
  'job_repeatable',
  'SELECT id, process_id, process_version, state_type, staged FROM job WHERE id = $1',
);

const STEPS = new Statement<RepeatableStep>(
  'job_repeatable_steps',
  'SELECT key, parent, seq, state_type, outputs FROM task_run WHERE job_id = $1 ORDER BY seq, key',
);

/**
 * A new job with the inputs of `$1`, and with the results of those of its steps that are not to be run again. What is
 * taken over has numbers below those of the new job's own events. The old job only gets an event.
 */
const REPEAT = new Statement<{ id: string }>(
  'job_repeat',
  `WITH o AS MATERIALIZED (
     SELECT * FROM job WHERE id = $1 AND ${isIn(TERMINAL)} FOR NO KEY UPDATE
   ), j AS (
     INSERT INTO job (id, process_id, process_version, state_type, state_name, inputs, staged, response, subscriber,
                      admission, storage, retry_of, seq)
     SELECT $2, process_id, $3, 'SCHEDULED', 'Scheduled', inputs, $4::json, response, subscriber,
       -- Whoever repeats a job wants it to run.
       CASE WHEN admission -> 'concurrency' IS NOT NULL THEN
         json_build_object('concurrency', admission -> 'concurrency') END, $7, id, 1 FROM o
     RETURNING id
   ), t AS (
     INSERT INTO task_run (job_id, key, kind, name, parent, state_type, state_name, attempt, input_hash, after, tags,
                           value, outputs, message, failures, request, answer, child_id, cached_from, epoch, worker_id,
                           seq, created_at, started_at, finished_at)
     SELECT j.id, t.key, t.kind, t.name, t.parent, t.state_type, t.state_name, t.attempt, t.input_hash, t.after, t.tags,
       t.value, k.outputs::json, t.message, t.failures, t.request, t.answer, t.child_id, t.cached_from, 0, t.worker_id,
       k.n - cardinality($5::text[]), t.created_at, t.started_at, t.finished_at
     FROM j, unnest($5::text[], $6::text[]) WITH ORDINALITY AS k (key, outputs, n)
     JOIN task_run t ON t.job_id = $1 AND t.key = k.key
   ), a AS (
     INSERT INTO artifact (job_id, key, type, data, description, step, created_at, updated_at)
     SELECT j.id, a.key, a.type, a.data, a.description, a.step, a.created_at, a.updated_at
     FROM j JOIN artifact a ON a.job_id = $1 WHERE a.step = ANY($5)
   ), u AS (
     UPDATE job SET seq = job.seq + 1 FROM j WHERE job.id = $1 RETURNING job.seq
   ), e AS (
     INSERT INTO job_event (job_id, seq, type, data)
     SELECT id, 1, 'accepted', json_build_object('retryOf', $1::uuid) FROM j
     UNION ALL
     SELECT $1, seq, 'retried', json_build_object('job', $2::uuid) FROM u
   )
   SELECT id FROM j`,
);

/** Repetitions of finished jobs, as jobs of their own. */
@Injectable()
export class JobRepetitions {
  constructor(
    private readonly database: Database,
    private readonly announcer: ChangeAnnouncer,
    private readonly dispatch: JobDispatch,
  ) {}

  async find(jobId: string): Promise<RepeatableJob | undefined> {
    return (await this.database.execute(FIND, [jobId]))[0];
  }

  /** In the order of their beginning. */
  steps(jobId: string): Promise<RepeatableStep[]> {
    return this.database.execute(STEPS, [jobId]);
  }

  /**
   * Accepts a job that repeats another one, and dispatches it.
   * @returns false when the other job is gone
   */
  async repeat(jobId: string, next: RepeatedJob): Promise<boolean> {
    const { id, version, staged, steps, storage } = next;
    const rows = await this.database.execute(REPEAT, [
      ...[jobId, id, version],
      staged === null ? null : JSON.stringify(staged),
      steps.map(({ key }) => key),
      steps.map(({ outputs }) => (outputs === null ? null : JSON.stringify(outputs))),
      storage,
    ]);
    if (rows.length === 0) return false;
    this.announcer.announce(jobId);
    this.dispatch.dispatch({ id, dispatches: 1 });
    return true;
  }
}
