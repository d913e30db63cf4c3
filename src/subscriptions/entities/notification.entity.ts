import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** How far a notification is. */
export type NotificationState = 'owed' | 'delivered' | 'failed';

/**
 * A notification that a subscriber is owed, or was: written by the trigger of `job_event`, with the event. No foreign key
 * ties it to the job, which may be removed before; nor to the subscription, whose removal would otherwise wait for
 * changes of jobs and make them fail.
 */
@Entity('notification')
@Index('notification_due', ['subscriptionId', 'dueAt'], { where: 'due_at IS NOT NULL' })
@Index('notification_newest', ['subscriptionId', 'at', 'jobId', 'seq'])
export class Notification {
  @PrimaryColumn('uuid', { name: 'subscription_id', primaryKeyConstraintName: 'notification_pk' })
  subscriptionId: string;

  @PrimaryColumn('uuid', { name: 'job_id', primaryKeyConstraintName: 'notification_pk' })
  jobId: string;

  /** Number of the event; 0 for a test, whose `job_id` is no job. */
  @PrimaryColumn('integer', { primaryKeyConstraintName: 'notification_pk' })
  seq: number;

  @Column('text')
  type: string;

  /** When the event happened. */
  @Column('timestamptz')
  at: Date;

  /** The data of the event; nothing once it is settled. */
  @Column('json', { nullable: true })
  data: Record<string, unknown> | null;

  /** The status columns of the job as they were then; nothing once it is settled. */
  @Column('json', { nullable: true })
  job: Record<string, unknown> | null;

  @Column('text', { default: 'owed' })
  state: NotificationState;

  /** Attempts begun so far; also fences the outcome of one attempt against a later one. */
  @Column('integer', { default: 0 })
  attempts: number;

  /** When the next attempt may begin; while one is under way, when it counts as lost; nothing once it is settled. */
  @Column('timestamptz', { name: 'due_at', nullable: true, default: () => 'now()' })
  dueAt: Date | null;

  @Column('timestamptz', { name: 'attempted_at', nullable: true })
  attemptedAt: Date | null;

  /** HTTP status of the latest answer. */
  @Column('smallint', { nullable: true })
  status: number | null;

  /** Why the latest attempt failed. */
  @Column('text', { nullable: true })
  reason: string | null;
}
