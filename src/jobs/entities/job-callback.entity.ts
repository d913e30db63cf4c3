import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { CallbackKind } from '../job.types.js';

/**
 * A call that a subscriber is still owed: written in the statement that changed the job, removed when it was
 * delivered or given up. The calls of a job are made in the order of their numbers. No foreign key ties it to the job:
 * a call about the status is made also when the job has been removed meanwhile.
 */
@Entity('job_callback')
@Index('job_callback_due', ['origin', 'dueAt'])
export class JobCallback {
  @PrimaryColumn('uuid', { name: 'job_id', primaryKeyConstraintName: 'job_callback_pk' })
  jobId: string;

  /** Number of the event that the call is about. */
  @PrimaryColumn('integer', { primaryKeyConstraintName: 'job_callback_pk' })
  seq: number;

  @Column('text')
  kind: CallbackKind;

  @Column('text')
  uri: string;

  /** Scheme, host and port of `uri`: deliveries are shared out fairly among origins. */
  @Column('text')
  origin: string;

  /** The job as it was then: the status columns of its row, and the base URL of the links in what is sent. */
  @Column('json')
  job: Record<string, unknown>;

  /** Attempts begun so far; also fences the outcome of one attempt against a later one. */
  @Column('integer', { default: 0 })
  attempts: number;

  /** When the next attempt may begin; while an attempt is under way, when it counts as lost. */
  @Column('timestamptz', { name: 'due_at', default: () => 'now()' })
  dueAt: Date;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt: Date;
}
