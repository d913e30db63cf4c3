import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import type { LogLevel } from '../../processes/job-context.js';
import { Job } from './job.entity.js';

/** One log line of a job, in the order of writing. */
@Entity('job_log')
@ForeignKey(() => Job, ['jobId'], ['id'], { name: 'job_log_job', onDelete: 'CASCADE' })
export class JobLog {
  @PrimaryColumn('uuid', { name: 'job_id', primaryKeyConstraintName: 'job_log_pk' })
  jobId: string;

  @PrimaryColumn('bigint', {
    primaryKeyConstraintName: 'job_log_pk',
    generated: 'identity',
    generatedIdentity: 'ALWAYS',
  })
  id: string;

  @Column('text')
  level: LogLevel;

  @Column('timestamptz')
  time: Date;

  @Column('text')
  message: string;

  @Column('json', { nullable: true })
  data: Record<string, unknown> | null;
}
