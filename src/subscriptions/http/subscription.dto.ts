import { ApiProperty, ApiPropertyOptional, ApiSchema, OmitType } from '@nestjs/swagger';
import { JOB_EVENT_TYPES } from '../../jobs/events/event-types.js';
import { StatusInfoDto } from '../../jobs/http/status-info.dto.js';
import { LinkDto } from '../../ogc/landing-page.dto.js';
import type { Link } from '../../ogc/links/link.js';
import type { DeliveryRow } from '../store/delivery-history.js';
import type { SubscriptionRow } from '../store/subscriptions.js';

const TYPES = { enum: JOB_EVENT_TYPES, isArray: true, minItems: 1 };
const processIds = {
  oneOf: [
    { type: 'string', nullable: true },
    { type: 'array', items: { type: 'string' } },
  ],
};

/** What a client sends for a new subscription. */
@ApiSchema({ name: 'newSubscription' })
export class NewSubscriptionDto {
  @ApiProperty({ format: 'uri', maxLength: 2_048, description: 'Where notifications are posted to' })
  url!: string;

  @ApiProperty(TYPES)
  events!: string[];

  @ApiPropertyOptional({ ...processIds, description: 'Processes whose jobs count; absent or null: all' })
  processID?: string | string[] | null;

  @ApiPropertyOptional({
    type: 'string',
    nullable: true,
    minLength: 16,
    maxLength: 1_000,
    writeOnly: true,
    description: 'Key of the signature of notifications; never shown again',
  })
  secret?: string | null;

  @ApiPropertyOptional({ type: 'string', nullable: true, maxLength: 1_000 })
  description?: string | null;

  @ApiPropertyOptional({ default: true, description: 'Nothing is owed to a subscription that is not enabled' })
  enabled?: boolean;
}

/** A subscription as the service shows it. */
@ApiSchema({ name: 'subscription' })
export class SubscriptionDto {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ format: 'uri' })
  url!: string;

  @ApiProperty(TYPES)
  events!: readonly string[];

  @ApiPropertyOptional({ type: [String], description: 'Processes whose jobs count; absent: all' })
  processID?: readonly string[];

  @ApiPropertyOptional()
  description?: string;

  @ApiProperty({ description: 'Whether it has a secret, so that its notifications are signed' })
  signed!: boolean;

  @ApiProperty()
  enabled!: boolean;

  @ApiPropertyOptional({ description: 'Why the service has disabled it' })
  disabledReason?: string;

  @ApiPropertyOptional({ type: 'integer', minimum: 0, description: 'Notifications that are owed; in its own document' })
  owed?: number;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'Notifications dropped because too many were owed' })
  dropped!: number;

  @ApiProperty({ type: String, format: 'date-time' })
  created!: string;

  @ApiProperty({ type: String, format: 'date-time' })
  updated!: string;

  @ApiProperty({ type: [LinkDto] })
  links!: LinkDto[];
}

/** A page of subscriptions, the oldest first. */
@ApiSchema({ name: 'subscriptionPage' })
export class SubscriptionPageDto {
  @ApiProperty({ type: [SubscriptionDto] })
  subscriptions!: SubscriptionDto[];

  @ApiProperty({ type: [LinkDto] })
  links!: LinkDto[];
}

/** What became of a notification so far. */
@ApiSchema({ name: 'delivery' })
export class DeliveryDto {
  @ApiProperty({ description: 'jobID/number of the event, as in Sluice-Event-Id' })
  id!: string;

  @ApiProperty({ example: 'successful' })
  type!: string;

  @ApiPropertyOptional({ format: 'uuid', description: 'Absent for a test' })
  jobID?: string;

  @ApiProperty({ type: String, format: 'date-time', description: 'When the event happened' })
  time!: string;

  @ApiProperty({ enum: ['owed', 'delivered', 'failed'] })
  state!: string;

  @ApiProperty({ type: 'integer', minimum: 0 })
  attempts!: number;

  @ApiPropertyOptional({ type: String, format: 'date-time' })
  lastAttempt?: string;

  @ApiPropertyOptional({ type: 'integer', description: 'HTTP status of the latest answer' })
  status?: number;

  @ApiPropertyOptional({ description: 'Why the latest attempt failed' })
  reason?: string;

  @ApiPropertyOptional({ type: String, format: 'date-time', description: 'When it is tried (again) at the earliest' })
  nextAttempt?: string;
}

/** A page of what became of notifications, the latest event first. */
@ApiSchema({ name: 'deliveryPage' })
export class DeliveryPageDto {
  @ApiProperty({ type: [DeliveryDto] })
  deliveries!: DeliveryDto[];

  @ApiProperty({ type: [LinkDto] })
  links!: LinkDto[];
}

/** Changes of a subscription: members that are there. */
@ApiSchema({ name: 'subscriptionChanges' })
export class SubscriptionChangesDto extends OmitType(NewSubscriptionDto, ['url', 'events']) {
  @ApiPropertyOptional({ format: 'uri', maxLength: 2_048 })
  url?: string;

  @ApiPropertyOptional(TYPES)
  events?: string[];
}

/** What is posted to the URL of a subscription. */
@ApiSchema({ name: 'notification' })
export class NotificationDto {
  @ApiProperty({ description: 'jobID/number of the event; the same in every attempt' })
  id!: string;

  @ApiProperty({ enum: [...JOB_EVENT_TYPES, 'test'] })
  type!: string;

  @ApiProperty({ type: String, format: 'date-time' })
  time!: string;

  @ApiPropertyOptional({ type: StatusInfoDto, description: 'The job as the event left it; absent in a test' })
  job?: StatusInfoDto;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, description: 'What else belongs to the event' })
  data?: Record<string, unknown>;
}

export function toSubscriptionDto(row: SubscriptionRow & { readonly owed?: number }, links: Link[]): SubscriptionDto {
  return {
    id: row.id,
    url: row.url,
    events: row.events,
    ...(row.process_ids !== null && { processID: row.process_ids }),
    ...(row.description !== null && { description: row.description }),
    signed: row.is_signed,
    enabled: row.enabled,
    ...(row.disabled_reason !== null && { disabledReason: row.disabled_reason }),
    ...(row.owed !== undefined && { owed: row.owed }),
    dropped: row.dropped,
    created: row.created_at.toISOString(),
    updated: row.updated_at.toISOString(),
    links,
  };
}

export function toDeliveryDto(row: DeliveryRow): DeliveryDto {
  return {
    id: `${row.job_id}/${row.seq}`,
    type: row.type,
    ...(row.type !== 'test' && { jobID: row.job_id }),
    time: row.at.toISOString(),
    state: row.state,
    attempts: row.attempts,
    ...(row.attempted_at !== null && { lastAttempt: row.attempted_at.toISOString() }),
    ...(row.status !== null && { status: row.status }),
    ...(row.reason !== null && { reason: row.reason }),
    ...(row.due_at !== null && { nextAttempt: row.due_at.toISOString() }),
  };
}
