import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { Job } from './job.entity.js';

/** One line of a job's history, numbered from 1 without gaps. */
@Entity('job_event')
@ForeignKey(() => Job, ['jobId'], ['id'], { name: 'job_event_job', onDelete: 'CASCADE' })
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
