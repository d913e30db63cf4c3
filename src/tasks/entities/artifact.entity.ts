import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import type { Artifact } from '../../flows/step-journal.js';
import { Job } from '../../jobs/entities/job.entity.js';

/** Something a job shows to people: a table, a text, a link, an image, a progress bar. */
@Entity('artifact')
@ForeignKey(() => Job, ['jobId'], ['id'], { name: 'artifact_job', onDelete: 'CASCADE' })
export class JobArtifact {
  @PrimaryColumn('uuid', { name: 'job_id', primaryKeyConstraintName: 'artifact_pk' })
  jobId: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'artifact_pk' })
  key: string;

  @Column('text')
  type: Artifact['type'];

  @Column('json')
  data: unknown;

  @Column('text', { nullable: true })
  description: string | null;

  /** Key of the step that made it. */
  @Column('text', { nullable: true })
  step: string | null;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt: Date;

  @Column('timestamptz', { name: 'updated_at', default: () => 'now()' })
  updatedAt: Date;
}
