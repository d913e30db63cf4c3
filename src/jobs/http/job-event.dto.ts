import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { LinkDto } from '../../ogc/landing-page.dto.js';
import { JOB_STATUSES } from '../job-state.js';

/** One line of a job's history. */
@ApiSchema({ name: 'jobEvent' })
export class JobEventDto {
  @ApiProperty({ format: 'uuid' })
  jobID!: string;

  @ApiProperty({ type: 'integer', minimum: 1, description: 'Numbered per job without gaps' })
  seq!: number;

  @ApiProperty({ example: 'started' })
  type!: string;

  @ApiProperty({ type: String, format: 'date-time' })
  time!: string;

  @ApiPropertyOptional({ enum: JOB_STATUSES, description: 'The status of the job after the event' })
  status?: string;

  @ApiPropertyOptional({ type: 'integer', minimum: 0, maximum: 100 })
  progress?: number;

  @ApiPropertyOptional()
  message?: string;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true })
  data?: Record<string, unknown>;
}

/** A page of a job's history, the oldest event first. */
@ApiSchema({ name: 'jobEventPage' })
export class JobEventPageDto {
  @ApiProperty({ type: [JobEventDto] })
  events!: JobEventDto[];

  @ApiProperty({ type: [LinkDto] })
  links!: LinkDto[];
}
