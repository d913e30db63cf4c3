import { Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * One named result of a job: a JSON value in this row, or a file in the storage of the job. It is written with the row of
 * the job, and removed with it by a trigger, as `JobEvent` is.
 */
@Entity('job_output')
export class JobOutput {
  @PrimaryColumn('uuid', { name: 'job_id', primaryKeyConstraintName: 'job_output_pk' })
  jobId: string;

  @PrimaryColumn('text', { name: 'output_id', primaryKeyConstraintName: 'job_output_pk' })
  outputId: string;

  @Column('json', { nullable: true })
  value: unknown;

  /** Where it is: a path relative to the data directory, or `<type>/<name>:<key>` of a storage. */
  @Column('text', { nullable: true })
  file: string | null;

  @Column('text', { name: 'media_type' })
  mediaType: string;

  /** bytes, of a file */
  @Column('bigint', { nullable: true })
  size: string | null;

  @Column('text', { nullable: true })
  sha256: string | null;
}
