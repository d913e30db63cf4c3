import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Bytes that a client sends to use them as an input later. What has not arrived in full lies on the disk of one node. */
@Entity('upload')
@Index('upload_expires', ['expiresAt'])
export class Upload {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'upload_pk' })
  id: string;

  /** bytes; null while the client has not said how many */
  @Column('bigint', { nullable: true })
  size: string | null;

  /** What the client said with tus, `Upload-Metadata`. */
  @Column('json', { nullable: true })
  metadata: Record<string, string | null> | null;

  /** Block of the storage and key, once every byte has arrived. */
  @Column('text', { nullable: true })
  location: string | null;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt: Date;

  @Column('timestamptz', { name: 'expires_at' })
  expiresAt: Date;
}
