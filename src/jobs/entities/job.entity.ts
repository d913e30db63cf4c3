import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { ExecutionFault } from '../../engine/execution-unit.js';
import type { StateType } from '../job-state.js';
import type { JobAdmission, JobSubscriber, ResponsePreferences, StagedInputs } from '../job.types.js';

/**
 * One execution of a process. Every change of state is one statement of the job store, guarded by `epoch`: the number
 * of the claim that owns the job. Who holds an older epoch writes nothing.
 *
 * JSON columns are `json`, not `jsonb`: a client's values come back with their members in order and with characters
 * that `jsonb` refuses (an escaped NUL, a lone surrogate).
 */
@Entity('job')
@Index('job_newest', ['createdAt', 'id'])
@Index('job_of_process', ['processId', 'stateType', 'createdAt', 'id'])
@Index('job_by_state', ['stateType', 'createdAt', 'id'])
// Of an expression, which only the migration can write: finished_at - started_at, of finished jobs.
@Index('job_duration', { synchronize: false })
@Index('job_expiry', ['expiresAt'], { where: 'expires_at IS NOT NULL' })
@Index('job_results_expiry', ['resultsExpireAt'], { where: 'results_expire_at IS NOT NULL' })
@Index('job_idempotency', ['idempotencyKey'], { unique: true, where: 'idempotency_key IS NOT NULL' })
@Index('job_children', ['parentId'], { where: 'parent_id IS NOT NULL' })
@Index('job_due', ['dueAt'], { where: 'due_at IS NOT NULL' })
export class Job {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'job_pk' })
  id: string;

  @Column('text', { name: 'process_id' })
  processId: string;

  @Column('text', { name: 'process_version' })
  processVersion: string;

  @Column('text', { name: 'state_type' })
  stateType: StateType;

  @Column('text', { name: 'state_name' })
  stateName: string;

  @Column('text', { nullable: true })
  message: string | null;

  @Column('smallint', { nullable: true })
  progress: number | null;

  /** Why there is no result. */
  @Column('json', { nullable: true })
  fault: ExecutionFault | null;

  /** Resolved input values; files and large documents are named in `staged`. */
  @Column('json')
  inputs: Record<string, unknown>;

  @Column('json', { nullable: true })
  staged: StagedInputs | null;

  /** The block that names the storage of its files; nothing: DATA_DIR. */
  @Column('text', { nullable: true })
  storage: string | null;

  /** How the client wants its results; needed again at `GET /jobs/{jobID}/results`. */
  @Column('json')
  response: ResponsePreferences;

  /** What the client named its request, so that a repetition of it leads to this job; free again once the job is gone. */
  @Column('text', { name: 'idempotency_key', nullable: true })
  idempotencyKey: string | null;

  /** Digest of that request: the same key with another digest is a mistake of the client. */
  @Column('text', { name: 'request_digest', nullable: true })
  requestDigest: string | null;

  /** Whom to call back. */
  @Column('json', { nullable: true })
  subscriber: JobSubscriber | null;

  /** Number of the current claim. */
  @Column('integer', { default: 0 })
  epoch: number;

  /** Number of the latest event; events are numbered under the lock of this row, hence without gaps. */
  @Column('integer', { default: 0 })
  seq: number;

  /** How often the job was put on the queue; part of the id of its queue entry. */
  @Column('integer', { default: 1 })
  dispatches: number;

  /** How often the job lost its worker or executor. */
  @Column('integer', { default: 0 })
  recoveries: number;

  /** How often the process failed by itself and was tried again; what a lost executor cost is counted in `recoveries`. */
  @Column('integer', { default: 0 })
  attempts: number;

  /** The job whose step started this one; it goes on when this one has ended. */
  @Column('uuid', { name: 'parent_id', nullable: true })
  parentId: string | null;

  /** Key of that step. */
  @Column('text', { name: 'parent_task', nullable: true })
  parentTask: string | null;

  /** The finished job that this one repeats. */
  @Column('uuid', { name: 'retry_of', nullable: true })
  retryOf: string | null;

  /** What has to be asked for before it may run; absent: any worker takes it at once. */
  @Column('json', { nullable: true })
  admission: JobAdmission | null;

  /** The job whose results this one took over instead of running. */
  @Column('uuid', { name: 'cached_from', nullable: true })
  cachedFrom: string | null;

  /** Raised by everything that may make a suspended job go on, so that nothing is missed while it is being suspended. */
  @Column('integer', { default: 0 })
  signals: number;

  /** Not before this time; set while the job waits for a time. */
  @Column('timestamptz', { name: 'due_at', nullable: true })
  dueAt: Date | null;

  /** Somebody wants it to wait: no step begins any more. */
  @Column('boolean', { name: 'pause_requested', default: false })
  pauseRequested: boolean;

  /** Why no worker takes it. */
  @Column('text', { name: 'waiting_reason', nullable: true })
  waitingReason: string | null;

  /** Milliseconds of the runs that ended without ending the job. */
  @Column('bigint', { name: 'ran_ms', default: 0 })
  ranMs: string;

  /** When the present run began. */
  @Column('timestamptz', { name: 'claimed_at', nullable: true })
  claimedAt: Date | null;

  @Column('text', { name: 'worker_id', nullable: true })
  workerId: string | null;

  @Column('timestamptz', { name: 'lease_until', nullable: true })
  leaseUntil: Date | null;

  @Column('timestamptz', { name: 'cancel_requested_at', nullable: true })
  cancelRequestedAt: Date | null;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt: Date;

  @Column('timestamptz', { name: 'started_at', nullable: true })
  startedAt: Date | null;

  @Column('timestamptz', { name: 'finished_at', nullable: true })
  finishedAt: Date | null;

  @Column('timestamptz', { name: 'updated_at', default: () => 'now()' })
  updatedAt: Date;

  /** When the job and its outputs are removed; set when it ends. */
  @Column('timestamptz', { name: 'expires_at', nullable: true })
  expiresAt: Date | null;

  /** When the outputs are removed although the job stays (RESULT_TTL). */
  @Column('timestamptz', { name: 'results_expire_at', nullable: true })
  resultsExpireAt: Date | null;

  /** When that was done. */
  @Column('timestamptz', { name: 'results_expired_at', nullable: true })
  resultsExpiredAt: Date | null;
}
