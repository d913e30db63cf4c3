import { Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * One line of a job's history, numbered from 1 without gaps. Only statements that write the row of the job write it, so
 * nothing refers to a job that is gone; a trigger removes it with the job.
 */
@Entity('job_event')
export class JobEvent {
  @PrimaryColumn('uuid', { name: 'job_id', primaryKeyConstraintName: 'job_event_pk' })
  jobId: string;

  @PrimaryColumn('integer', { primaryKeyConstraintName: 'job_event_pk' })
  seq: number;

  @Column('text')
  type: string;

  @Column('timestamptz', { default: () => 'now()' })
  at: Date;

  @Column('json', { nullable: true })
  data: Record<string, unknown> | null;
}
