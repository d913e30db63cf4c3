import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { SealedSecret } from '../secrets/sealed-secret.js';

/** A stored block. */
@Entity('block')
export class StoredBlock {
  @PrimaryColumn('text', { collation: 'C', primaryKeyConstraintName: 'block_pk' })
  type: string;

  @PrimaryColumn('text', { collation: 'C', primaryKeyConstraintName: 'block_pk' })
  name: string;

  /** All values that are no secrets, references to other blocks among them. */
  @Column('json')
  values: Record<string, unknown>;

  /** The secrets by property, encrypted. */
  @Column('json')
  secrets: Record<string, SealedSecret>;

  /** The blocks that it refers to, as `type/name`. */
  @Column('text', { array: true, default: () => `'{}'` })
  refs: string[];

  /** Grows with every change. */
  @Column('integer', { default: 1 })
  version: number;

  /** `file`: from BLOCKS_FILE, and not to be changed by clients. */
  @Column('text')
  origin: 'api' | 'file';

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt: Date;

  @Column('timestamptz', { name: 'updated_at', default: () => 'now()' })
  updatedAt: Date;
}
