import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Job } from './job.entity.js';

/**
 * A place under a limit that a job, or one of its steps, has or waits for. Whether the row counts is told by its owner:
 * a place is taken as long as its job runs in the epoch of the row, and its step is in progress. So a place is given
 * free by the very statement that ends, suspends or gives up its owner, and nothing can leak.
 */
@Entity('concurrency_slot')
@ForeignKey(() => Job, ['jobId'], ['id'], { name: 'concurrency_slot_job', onDelete: 'CASCADE' })
@Index('concurrency_slot_of_job', ['jobId'])
@Index('concurrency_slot_queue', ['limitKey', 'since', 'jobId', 'taskKey'], { where: 'waits' })
export class ConcurrencySlot {
  @PrimaryColumn('text', { name: 'limit_key', primaryKeyConstraintName: 'concurrency_slot_pk' })
  limitKey: string;

  @PrimaryColumn('uuid', { name: 'job_id', primaryKeyConstraintName: 'concurrency_slot_pk' })
  jobId: string;

  /** Key of the step; empty for the job itself. */
  @PrimaryColumn('text', { name: 'task_key', primaryKeyConstraintName: 'concurrency_slot_pk' })
  taskKey: string;

  /** True: the owner stands in the queue for the place. */
  @Column('boolean')
  waits: boolean;

  /** How many places the owner knows of. */
  @Column('integer')
  most: number;

  /** Claim under which the place was taken; absent: it is kept until the job has ended, whoever runs it. */
  @Column('integer', { nullable: true })
  epoch: number | null;

  /** Since when the owner has it, or the place in the queue. */
  @Column('timestamptz')
  since: Date;
}
