import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Files that are to be removed from a storage, written by the statement that made them superfluous. */
@Entity('storage_removal')
@Index('storage_removal_due', ['dueAt', 'id'])
export class StorageRemoval {
  @PrimaryColumn('bigint', {
    primaryKeyConstraintName: 'storage_removal_pk',
    generated: 'identity',
    generatedIdentity: 'ALWAYS',
  })
  id: string;

  /** The block that names the storage. */
  @Column('text')
  storage: string;

  /** What the keys of the files begin with. */
  @Column('text')
  prefix: string;

  /** What the keys of those begin with that stay. */
  @Column('text', { nullable: true })
  keeping: string | null;

  /** Not before this time. */
  @Column('timestamptz', { name: 'due_at', default: () => 'now()' })
  dueAt: Date;

  /** How often it was tried in vain. */
  @Column('integer', { default: 0 })
  attempts: number;
}
