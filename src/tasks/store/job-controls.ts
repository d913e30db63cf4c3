import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { Statement } from '../../database/statement.js';
import type { InputRequest } from '../../flows/step-journal.js';
import { ChangeAnnouncer } from '../../jobs/change-announcer.js';
import { JobDispatch } from '../../jobs/job-dispatch.js';
import type { StateType } from '../../jobs/job-state.js';
import type { Redispatch } from '../../jobs/store/job-leases.js';
import { isIn, SUSPENDED } from '../../jobs/store/conditions.js';
import { acceptedFrom } from '../../jobs/state-machine.js';

/** A step that asks, or has asked, somebody for something. */
export interface QuestionRow {
  readonly key: string;
  readonly name: string;
  readonly request: InputRequest;
  /** JSON text; nothing while there is no answer */
  readonly answer: string | null;
  /** Whether an answer would be taken. */
  readonly is_open: boolean;
}

interface Changed extends Redispatch {
  /** Whether the job is to be dispatched. */
  readonly goes_on: boolean;
}

/** States in which a wish to pause or to go on has a meaning. */
const CONTROLLABLE = isIn(acceptedFrom('SCHEDULED'));

/** A job that runs is paused as soon as its steps are; one that does not run is paused at once. */
const PAUSE = new Statement<{ id: string; state_type: StateType }>(
  'job_pause',
  `WITH j AS (
     UPDATE job SET pause_requested = true,
       state_type = CASE WHEN state_type = 'RUNNING' THEN state_type ELSE 'PAUSED' END,
       state_name = CASE WHEN state_type = 'RUNNING' THEN state_name ELSE 'Paused' END,
       waiting_reason = CASE WHEN state_type = 'RUNNING' THEN NULL ELSE 'is paused' END,
       due_at = NULL, updated_at = now(), seq = seq + 1
     WHERE id = $1 AND ${CONTROLLABLE} AND NOT pause_requested
     RETURNING id, state_type, seq
   ), e AS (
     INSERT INTO job_event (job_id, seq, type)
     SELECT id, seq, CASE state_type WHEN 'RUNNING' THEN 'pause-requested' ELSE 'paused' END FROM j
   )
   SELECT id, state_type FROM j`,
);

const CONTINUE = new Statement<Changed>(
  'job_continue',
  `WITH j AS (
     UPDATE job SET pause_requested = false, signals = signals + 1,
       state_type = CASE WHEN state_type = 'PAUSED' THEN 'SCHEDULED' ELSE state_type END,
       state_name = CASE WHEN state_type = 'PAUSED' THEN 'Resuming' ELSE state_name END,
       dispatches = dispatches + (state_type = 'PAUSED')::int, waiting_reason = NULL, updated_at = now(), seq = seq + 1
     WHERE id = $1 AND ${CONTROLLABLE} AND pause_requested
     RETURNING id, dispatches, state_type, seq
   ), e AS (
     INSERT INTO job_event (job_id, seq, type, data)
     SELECT id, seq, 'resumed', json_build_object('reason', 'pause-ended') FROM j
   )
   SELECT id, dispatches, state_type = 'SCHEDULED' AS goes_on FROM j`,
);

/** The job is locked before its step, as in every statement that changes a job. */
const ANSWER = new Statement<Changed>(
  'job_answer',
  `WITH l AS MATERIALIZED (
     SELECT id, ${SUSPENDED} AS suspended FROM job WHERE id = $1 AND ${CONTROLLABLE} FOR NO KEY UPDATE
   ), t AS (
     UPDATE task_run t SET answer = $3::json FROM l
     WHERE t.job_id = l.id AND t.key = $2 AND t.state_type = 'PAUSED' AND t.answer IS NULL AND t.wake_at > now()
     RETURNING t.key
   ), j AS (
     UPDATE job SET signals = signals + 1,
       state_type = CASE WHEN l.suspended THEN 'SCHEDULED' ELSE state_type END,
       state_name = CASE WHEN l.suspended THEN 'Resuming' ELSE state_name END,
       due_at = CASE WHEN l.suspended THEN NULL ELSE due_at END,
       waiting_reason = CASE WHEN l.suspended THEN NULL ELSE waiting_reason END,
       dispatches = dispatches + l.suspended::int, updated_at = now(), seq = seq + 1
     FROM l, t WHERE job.id = l.id
     RETURNING job.id, dispatches, seq, l.suspended
   ), e AS (
     INSERT INTO job_event (job_id, seq, type, data)
     SELECT id, seq, CASE WHEN suspended THEN 'resumed' ELSE 'input-received' END,
       json_build_object('reason', 'input', 'task', $2::text) FROM j
   )
   SELECT id, dispatches, suspended AS goes_on FROM j`,
);

const QUESTIONS = new Statement<QuestionRow>(
  'job_questions',
  `SELECT key, name, request, answer::text AS answer, state_type = 'PAUSED' AND answer IS NULL AND wake_at > now() AS is_open
   FROM task_run WHERE job_id = $1 AND request IS NOT NULL ORDER BY seq, key`,
);

/** What people do to unfinished jobs: pause them, let them go on, answer them. */
@Injectable()
export class JobControls {
  constructor(
    private readonly database: Database,
    private readonly announcer: ChangeAnnouncer,
    private readonly dispatch: JobDispatch,
  ) {}

  /** @returns false when the job is paused or about to be, is being dismissed, or has ended */
  async pause(jobId: string): Promise<boolean> {
    const [row] = await this.database.execute(PAUSE, [jobId]);
    if (row !== undefined) this.announcer.announce(row.id);
    return row !== undefined;
  }

  /** Ends a pause. @returns false when there is none */
  async continue(jobId: string): Promise<boolean> {
    return this.goOn(await this.database.execute(CONTINUE, [jobId]));
  }

  /**
   * @param key of the step that asks
   * @returns false when that step asks for nothing (any more)
   */
  async answer(jobId: string, key: string, value: unknown): Promise<boolean> {
    return this.goOn(await this.database.execute(ANSWER, [jobId, key, JSON.stringify(value)]));
  }

  /** All steps that ask, or asked, for something, in the order of their beginning. */
  questions(jobId: string): Promise<QuestionRow[]> {
    return this.database.execute(QUESTIONS, [jobId]);
  }

  private goOn([job]: readonly Changed[]): boolean {
    if (job === undefined) return false;
    this.announcer.announce(job.id);
    if (job.goes_on) this.dispatch.dispatch({ id: job.id, dispatches: job.dispatches });
    return true;
  }
}
