import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { ExecutionFault } from '../../engine/execution-unit.js';
import type { StateType } from '../job-state.js';
import type { JobSubscriber, ResponsePreferences, StagedInputs } from '../job.types.js';

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
@Index('job_idempotency', ['idempotencyKey'], { unique: true, where: 'idempotency_key IS NOT NULL' })
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
}
