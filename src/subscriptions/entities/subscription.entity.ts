import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Somebody who wants to be told of events of many jobs. The trigger of `job_event` reads this table. */
@Entity('subscription')
export class Subscription {
  /** Grows with the time: the order of the list. */
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'subscription_pk' })
  id: string;

  @Column('text')
  url: string;

  /** Types of events. */
  @Column('text', { array: true })
  events: string[];

  /** Processes whose jobs count; all of them when there are none. */
  @Column('text', { name: 'process_ids', array: true, nullable: true })
  processIds: string[] | null;

  /** Key of the signature; never told to anybody. */
  @Column('text', { nullable: true })
  secret: string | null;

  @Column('text', { nullable: true })
  description: string | null;

  /** URL of the landing page as the subscriber saw it, for the links in what is sent. */
  @Column('text')
  base: string;

  /** While false, nothing is owed to it and nothing is sent. */
  @Column('boolean', { default: true })
  enabled: boolean;

  /** Why the service has disabled it. */
  @Column('text', { name: 'disabled_reason', nullable: true })
  disabledReason: string | null;

  /** Notifications that were removed because too many were owed, or for too long. */
  @Column('integer', { default: 0 })
  dropped: number;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt: Date;

  @Column('timestamptz', { name: 'updated_at', default: () => 'now()' })
  updatedAt: Date;
}
