import { Injectable } from '@nestjs/common';
import { Database, type StatementRunner } from '../../database/database.js';
import { GroupedStatement } from '../../database/grouped-statement.js';
import { Statement } from '../../database/statement.js';
import { ChangeAnnouncer } from '../change-announcer.js';
import type { StateType } from '../job-state.js';
import type { JobAdmission, ResponsePreferences, StagedInputs } from '../job.types.js';
import { CALLBACK_COLUMNS, oweCallback, WAKE_CALLBACKS } from './callback-outbox.js';
import { OWNED, WAITS } from './conditions.js';

/** A job as its worker needs it. `epoch` fences every later write. */
export interface ClaimedJob {
  readonly id: string;
  readonly epoch: number;
  readonly process_id: string;
  readonly process_version: string;
  readonly inputs: Record<string, unknown>;
  readonly staged: StagedInputs | null;
  readonly response: ResponsePreferences;
  /** The storage that its files lie in; nothing: DATA_DIR. */
  readonly storage: string | null;
  /** How often it failed by itself before. */
  readonly attempts: number;
  /** Milliseconds of the runs before this one, as far as they count. */
  readonly ran_ms: number;
  /** Whether it takes over steps of another job. */
  readonly retry_of: string | null;
  readonly admission: JobAdmission | null;
  /** How often something told the job to go on. */
  readonly signals: number;
}

/** Why a claim gave nothing although the job waits. */
export interface Postponement {
  /** Number of the queue entry that is to come back. */
  readonly dispatches: number;
  /** Whether this worker may run it once it is due. */
  readonly known: boolean;
  /** Whether something has to be asked for before it runs; {@link JobLeases.claim} never gives such a job. */
  readonly is_guarded: boolean;
  /** Milliseconds until it is due; 0 when it is. */
  readonly due_in: number;
}

/** A job this node believes it owns, or a task of one. */
export interface HeldLease {
  readonly id: string;
  /** Number of the claim, of the job or of the task. */
  readonly epoch: number;
  /** Key of the task, where it is claimed apart from its job. */
  readonly task?: string;
}

/** A lease that was prolonged, with the state of its job: whoever holds it learns here of a dismissal. */
export interface RenewedLease extends HeldLease {
  readonly state_type: StateType;
}

/** A job that goes back to the queue, or a task of one. */
export interface Redispatch {
  readonly id: string;
  readonly dispatches: number;
  /** Key of the task that has an entry of its own. */
  readonly task?: string;
}

/**
 * What must be equal for a worker to run a job (compatible versions of a process): its id, and of its version the first
 * number, of a version below 1 the first two. `compatibilityKey` says the same in TypeScript.
 */
export const COMPATIBILITY = `process_id || '@' || split_part(process_version, '.', 1) ||
  CASE WHEN split_part(process_version, '.', 1) = '0' THEN '.' || split_part(process_version, '.', 2) ELSE '' END`;

/** @returns how a node names a process it can run; see {@link JobLeases.claim} */
export function compatibilityKey(processId: string, version: string): string {
  const [major, minor = ''] = version.split('.');
  return `${processId}@${major}${major === '0' ? `.${minor}` : ''}`;
}

/** What a claim by the worker `$2` changes, with a lease of `$3` milliseconds. */
const STARTED = `state_type = 'RUNNING', state_name = 'Running', epoch = epoch + 1, worker_id = $2,
       message = NULL, progress = CASE WHEN state_name IN ('Scheduled', 'AwaitingRecovery') THEN NULL ELSE progress END,
       lease_until = now() + $3 * interval '1 ms', started_at = coalesce(started_at, now()), claimed_at = now(),
       due_at = NULL, waiting_reason = NULL, updated_at = now(), seq = seq + 1`;

/** A job that is due and that a worker of the abilities `$4` can run. */
const TO_BE_HAD = `${WAITS} AND (due_at IS NULL OR due_at <= now())
       AND ($4::text[] IS NULL OR ${COMPATIBILITY} = ANY($4))`;

const STARTED_EVENT = `e AS (
     INSERT INTO job_event (job_id, seq, type, data)
     SELECT id, seq, 'started', json_build_object('attempt', epoch, 'worker', $2::text) FROM j
   )`;

const CLAIMED_COLUMNS = `id, epoch, process_id, process_version, inputs, staged, response, attempts,
     ran_ms::float8 AS ran_ms, retry_of, admission, signals, storage`;

const CLAIM = new Statement<ClaimedJob>(
  'job_claim',
  `WITH j AS (
     UPDATE job SET ${STARTED}
     WHERE id = $1 AND ${TO_BE_HAD} AND (admission IS NULL OR $5::boolean)
     RETURNING ${CALLBACK_COLUMNS}, epoch, inputs, staged, response, attempts, ran_ms, admission, signals,
       storage
   ), ${STARTED_EVENT}, ${oweCallback('inProgressUri')}
   SELECT ${CLAIMED_COLUMNS}, ${WAKE_CALLBACKS} FROM j`,
);

/** The same for many jobs at once, of those without a subscriber or anything to ask for. A locked one is left out. */
const CLAIM_TOGETHER = new Statement<ClaimedJob>(
  'job_claim_together',
  `WITH l AS MATERIALIZED (
     SELECT id AS locked_id FROM job
     WHERE id = ANY($1::uuid[]) AND (${TO_BE_HAD}) IS TRUE AND admission IS NULL AND subscriber IS NULL
     FOR NO KEY UPDATE SKIP LOCKED
   ), j AS (
     UPDATE job SET ${STARTED} FROM l WHERE id = locked_id
     RETURNING id, seq, epoch, process_id, process_version, inputs, staged, response, attempts, ran_ms, retry_of,
       admission, signals, storage
   ), ${STARTED_EVENT}
   SELECT ${CLAIMED_COLUMNS} FROM j`,
);

/** A worker that asks for a job. */
interface Claim {
  readonly id: string;
  readonly workerId: string;
  readonly lease: number;
  readonly known?: readonly string[];
}

const POSTPONE = new Statement<Postponement>(
  'job_postpone',
  `WITH w AS (
     SELECT id, dispatches, admission IS NOT NULL AS is_guarded, $2::text[] IS NULL OR ${COMPATIBILITY} = ANY($2) AS known,
       'waits for a worker with ' || ${COMPATIBILITY} AS reason,
       coalesce(greatest(0, extract(epoch FROM due_at - now()) * 1000), 0)::float8 AS due_in
     FROM job WHERE id = $1 AND ${WAITS}
   ), u AS (
     UPDATE job SET waiting_reason = w.reason FROM w
     WHERE job.id = w.id AND NOT w.known AND job.state_type = 'SCHEDULED' AND job.waiting_reason IS DISTINCT FROM w.reason
   )
   SELECT dispatches, known, is_guarded, due_in FROM w`,
);

const RENEW = new Statement<RenewedLease>(
  'job_renew',
  `WITH l AS MATERIALIZED (
     SELECT job.id, job.epoch FROM unnest($1::uuid[], $2::int[]) AS held (id, epoch) JOIN job ON job.id = held.id
     WHERE job.epoch = held.epoch AND job.state_type IN ('RUNNING', 'CANCELLING')
     -- In the order in which every statement locks jobs: parents before their children.
     ORDER BY job.id FOR NO KEY UPDATE OF job
   ), j AS (
     UPDATE job SET lease_until = now() + $3 * interval '1 ms' FROM l
     WHERE job.id = l.id AND job.epoch = l.epoch AND job.state_type IN ('RUNNING', 'CANCELLING')
     RETURNING job.id, job.epoch, job.state_type
   )
   SELECT id, epoch, state_type FROM j`,
);

const HAND_BACK = new Statement<Redispatch>(
  'job_hand_back',
  `WITH j AS (
     UPDATE job SET state_type = 'SCHEDULED', state_name = 'Scheduled', worker_id = NULL, lease_until = NULL,
       dispatches = dispatches + 1, updated_at = now(), seq = seq + 1
     WHERE ${OWNED}
     RETURNING id, dispatches, seq
   ), e AS (
     INSERT INTO job_event (job_id, seq, type, data)
     SELECT id, seq, 'handed-back', json_build_object('reason', $3::text) FROM j
   )
   SELECT id, dispatches FROM j`,
);

/**
 * Ownership of running jobs: a claim starts a new epoch, a lease on the database's clock says until when it holds.
 * No clock but the database's decides, so a node with a wrong clock neither steals nor loses a job.
 */
@Injectable()
export class JobLeases {
  private readonly claims: GroupedStatement<Claim, ClaimedJob>;

  constructor(
    private readonly database: Database,
    private readonly announcer: ChangeAnnouncer,
  ) {
    this.claims = new GroupedStatement(
      (claims) => this.claimTogether(claims),
      (claim) => this.claimAlone(claim),
    );
  }

  /**
   * Takes a waiting job that is due and that this worker can run.
   * @param lease in milliseconds
   * @param known what the worker can run, in the words of {@link compatibilityKey}; absent: everything
   * @returns nothing when the job is not to be had: it is not due, taken by another, dismissed, finished or removed
   */
  async claim(
    jobId: string,
    workerId: string,
    lease: number,
    known?: readonly string[],
  ): Promise<ClaimedJob | undefined> {
    const row = await this.claims.execute({ id: jobId, workerId, lease, known });
    if (row !== undefined) this.announcer.announce(row.id);
    return row;
  }

  /**
   * As {@link claim}, for a job whose admission has been asked for, within the transaction in which that was done.
   * {@link announce} it when that is committed.
   */
  async claimAdmitted(
    transaction: StatementRunner,
    jobId: string,
    workerId: string,
    lease: number,
    known: readonly string[],
  ): Promise<ClaimedJob | undefined> {
    return (await transaction.execute(CLAIM, [jobId, workerId, lease, known, true]))[0];
  }

  /** Tells that a job was claimed. */
  announce({ id }: HeldLease): void {
    this.announcer.announce(id);
  }

  /**
   * Says when a job that could not be claimed may be had, and notes on it when it waits for another worker.
   * @returns nothing when it does not wait at all
   */
  async postponed(jobId: string, known: readonly string[]): Promise<Postponement | undefined> {
    const [row] = await this.database.execute(POSTPONE, [jobId, known]);
    return row;
  }

  /** Renews all leases of this node in one statement. @returns those that still hold; the others are lost */
  renew(held: readonly HeldLease[], lease: number): Promise<RenewedLease[]> {
    return this.database.execute(RENEW, [held.map(({ id }) => id), held.map(({ epoch }) => epoch), lease]);
  }

  /** Gives a running job back to the queue, as a worker does that shuts down. It counts as no failure. */
  async handBack(held: HeldLease, reason: string): Promise<Redispatch | undefined> {
    const [row] = await this.database.execute(HAND_BACK, [held.id, held.epoch, reason]);
    if (row !== undefined) this.announcer.announce(row.id);
    return row;
  }

  private async claimAlone({ id, workerId, lease, known }: Claim): Promise<ClaimedJob | undefined> {
    return (await this.database.execute(CLAIM, [id, workerId, lease, known ?? null, false]))[0];
  }

  /** Those of the first one's worker; normally all, since a node has one. */
  private claimTogether(claims: readonly Claim[]): Promise<ClaimedJob[]> {
    const [{ workerId, lease, known }] = claims;
    const alike = claims.filter(
      (claim) => claim.workerId === workerId && claim.lease === lease && claim.known === known,
    );
    return this.database.execute(CLAIM_TOGETHER, [alike.map(({ id }) => id), workerId, lease, known ?? null]);
  }
}
