import { Get, Param, Query, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiQuery } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ApiController } from '../../ogc/http/api-controller.decorator.js';
import { LinkBuilder } from '../../ogc/links/link-builder.js';
import { MediaType } from '../../ogc/media-type.js';
import { ApiFormatQuery } from '../../ogc/negotiation/format-query.decorator.js';
import { chooseRepresentation } from '../../ogc/negotiation/representation.js';
import { decodeCursor, encodeCursor } from '../../ogc/paging/cursor.js';
import { ApiLimitQuery } from '../../ogc/paging/limit-query.decorator.js';
import { parseLimit } from '../../ogc/paging/limit.js';
import { pageLinks } from '../../ogc/paging/page-links.js';
import { invalidQuery } from '../../ogc/problems/invalid-query.js';
import type { LogLevel } from '../../processes/job-context.js';
import { JobReader } from '../store/job-reader.js';
import { LOG_LEVELS, LogPageDto, toLogLineDto } from './job-log.dto.js';

const LOG_CURSOR = z.string().regex(/^\d{1,18}$/);

/** What a process logged while a job ran. */
@ApiController('Jobs', 'jobs/:jobID/logs')
export class JobLogsController {
  constructor(
    private readonly reader: JobReader,
    private readonly links: LinkBuilder,
  ) {}

  /** GET /jobs/{jobID}/logs: oldest first; complete once the job has ended. */
  @Get()
  @ApiOperation({ operationId: 'getLogs', summary: 'The log of a job, oldest line first' })
  @ApiParam({ name: 'jobID', schema: { type: 'string' } })
  @ApiLimitQuery()
  @ApiQuery({ name: 'cursor', required: false, type: String, description: 'From the next link of a page' })
  @ApiQuery({ name: 'level', required: false, enum: LOG_LEVELS, description: 'The least important level to show' })
  @ApiFormatQuery('json')
  @ApiOkResponse({ type: LogPageDto })
  async page(
    @Req() request: FastifyRequest,
    @Param('jobID') jobId: string,
    @Query('limit') limitText?: unknown,
    @Query('cursor') cursorText?: unknown,
    @Query('level') levelText?: unknown,
  ): Promise<LogPageDto> {
    chooseRepresentation(request, [MediaType.json]);
    const limit = parseLimit(limitText);
    const after = decodeCursor(cursorText, LOG_CURSOR);
    const levels = levelsFrom(levelText);
    const job = await this.reader.get(jobId);
    const rows = await this.reader.logPage(job.id, levels, limit + 1, after);
    const page = rows.slice(0, limit);
    const last = rows.length > limit ? page.at(-1) : undefined;
    return {
      lines: page.map(toLogLineDto),
      links: pageLinks(this.links.self(request), { next: last && encodeCursor(last.id) }),
    };
  }
}

function levelsFrom(value: unknown): readonly LogLevel[] {
  if (value === undefined) return LOG_LEVELS;
  const index = LOG_LEVELS.indexOf(value as LogLevel);
  if (index < 0) throw invalidQuery('level', `must be one of: ${LOG_LEVELS.join(', ')}`);
  return LOG_LEVELS.slice(index);
}
