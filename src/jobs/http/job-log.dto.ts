import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { LinkDto } from '../../ogc/landing-page.dto.js';
import type { LogLevel } from '../../processes/job-context.js';
import type { JobLogRow } from '../store/job-reader.js';

/** The levels of job logs, the least important first. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const satisfies readonly LogLevel[];

/** One line a process logged. */
@ApiSchema({ name: 'logLine' })
export class LogLineDto {
  @ApiProperty({ type: String, format: 'date-time' })
  time!: string;

  @ApiProperty({ enum: LOG_LEVELS })
  level!: LogLevel;

  @ApiProperty()
  message!: string;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true })
  data?: Record<string, unknown>;
}

/** A page of a job's log, in the order of writing. */
@ApiSchema({ name: 'logPage' })
export class LogPageDto {
  @ApiProperty({ type: [LogLineDto] })
  lines!: LogLineDto[];

  @ApiProperty({ type: [LinkDto] })
  links!: LinkDto[];
}

/** A log line as clients read it, without its id. */
export function toLogLineDto(row: JobLogRow): LogLineDto {
  const { level, message, data } = row;
  return { time: row.time.toISOString(), level, message, ...(data !== null && { data }) };
}
