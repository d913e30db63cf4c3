import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Job } from './job.entity.js';

/** Where the result of a call is found that may be made again: a finished job, or a finished step of a job. */
@Entity('result_cache')
@ForeignKey(() => Job, ['jobId'], ['id'], { name: 'result_cache_job', onDelete: 'CASCADE' })
@Index('result_cache_of_job', ['jobId'])
export class CachedResult {
  /** Made of a digest of the process, its version, and what it or its task was called with. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'result_cache_pk' })
  key: string;

  /** The job that computed it. */
  @Column('uuid', { name: 'job_id' })
  jobId: string;

  /** Key of the step that computed it; empty for the job itself. */
  @Column('text', { name: 'task_key' })
  taskKey: string;

  /** When it was computed. */
  @Column('timestamptz', { name: 'created_at' })
  createdAt: Date;
}
