import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { ProcessFault } from '../../flows/process-fault.js';
import type { InputRequest, RemoteArguments, StepKind } from '../../flows/step-journal.js';
import type { StateType } from '../../jobs/job-state.js';
import { Job } from '../../jobs/entities/job.entity.js';
import type { CachedFrom, FailedAttempt, StoredStepOutput } from '../task.types.js';

/**
 * One step of a job: what it is, how far it is, and once it has ended what came of it. A row with a result is the
 * reason why the step is not run again. Every change is one statement, fenced by the epoch of the job.
 */
@Entity('task_run')
@ForeignKey(() => Job, ['jobId'], ['id'], { name: 'task_run_job', onDelete: 'CASCADE' })
@Index('task_run_order', ['jobId', 'seq'])
@Index('task_run_leases', ['leaseUntil'], { where: 'lease_until IS NOT NULL' })
@Index('task_run_dispatched', ['dispatchedAt'], { where: 'dispatched_at IS NOT NULL' })
export class TaskRun {
  @PrimaryColumn('uuid', { name: 'job_id', primaryKeyConstraintName: 'task_run_pk' })
  jobId: string;

  /** Unique in the job, and the same at every replay. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'task_run_pk' })
  key: string;

  @Column('text')
  kind: StepKind;

  @Column('text')
  name: string;

  /** Key of the task in which this step was called. */
  @Column('text', { nullable: true })
  parent: string | null;

  @Column('text', { name: 'state_type' })
  stateType: StateType;

  @Column('text', { name: 'state_name' })
  stateName: string;

  /** Number of the present or last attempt. An attempt that a lost executor broke off is made again under its number. */
  @Column('integer')
  attempt: number;

  /** Digest of what the step was called with. */
  @Column('text', { name: 'input_hash' })
  inputHash: string;

  /** Keys of the steps whose results this one uses. */
  @Column('text', { array: true, default: () => "'{}'" })
  after: string[];

  @Column('text', { array: true, default: () => "'{}'" })
  tags: string[];

  @Column('json', { nullable: true })
  value: unknown;

  /** Outputs of the job that the step wrote as files; of a child job its outputs that are files. */
  @Column('json', { nullable: true })
  outputs: StoredStepOutput[] | null;

  @Column('json', { nullable: true })
  fault: ProcessFault | null;

  @Column('text', { nullable: true })
  message: string | null;

  /** Attempts that failed and were followed by another one. */
  @Column('jsonb', { default: () => "'[]'" })
  failures: FailedAttempt[];

  /** What somebody is asked for. */
  @Column('json', { nullable: true })
  request: InputRequest | null;

  @Column('json', { nullable: true })
  answer: unknown;

  /** When the step may go on by itself: a sleep, the next attempt; or when nobody is expected to answer any more. */
  @Column('timestamptz', { name: 'wake_at', nullable: true })
  wakeAt: Date | null;

  /** The job of another process that the step waits for. */
  @Column('uuid', { name: 'child_id', nullable: true })
  childId: string | null;

  /** Whose result was taken over instead of running the step. */
  @Column('json', { name: 'cached_from', nullable: true })
  cachedFrom: CachedFrom | null;

  /**
   * Claim of the job under which the step was begun last. Of a task with a queue entry of its own, and of the steps
   * inside of it, the number of the task's own claim.
   */
  @Column('integer')
  epoch: number;

  /** What a task with a queue entry of its own is called with; see `RemoteArguments`. */
  @Column('json', { nullable: true })
  arguments: RemoteArguments | null;

  /** How often the task was put on the queue; part of the id of its entry. */
  @Column('integer', { default: 0 })
  dispatches: number;

  /** Since when its entry waits for a worker; set only while it does. */
  @Column('timestamptz', { name: 'dispatched_at', nullable: true })
  dispatchedAt: Date | null;

  /** Until when the claim of the worker holds that runs the task by itself; set only while one does. */
  @Column('timestamptz', { name: 'lease_until', nullable: true })
  leaseUntil: Date | null;

  /** How often the task lost its worker or executor. */
  @Column('integer', { default: 0 })
  recoveries: number;

  @Column('text', { name: 'worker_id', nullable: true })
  workerId: string | null;

  /** Number of the event of its first start: the order of the list. Not positive for what a job took over. */
  @Column('integer')
  seq: number;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt: Date;

  /** Of the present or last attempt. */
  @Column('timestamptz', { name: 'started_at', nullable: true })
  startedAt: Date | null;

  @Column('timestamptz', { name: 'finished_at', nullable: true })
  finishedAt: Date | null;
}
