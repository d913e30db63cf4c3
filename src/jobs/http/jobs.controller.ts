import { Delete, Get, Param, Query, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiQuery } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ApiController } from '../../ogc/http/api-controller.decorator.js';
import { LinkBuilder } from '../../ogc/links/link-builder.js';
import { MediaType } from '../../ogc/negotiation/media-type.js';
import { chooseRepresentation } from '../../ogc/negotiation/representation.js';
import { decodeCursor, encodeCursor } from '../../ogc/paging/cursor.js';
import { parseLimit } from '../../ogc/paging/limit.js';
import { pageLinks } from '../../ogc/paging/page-links.js';
import { DismissalService } from '../dismissal.service.js';
import { StatusInfoPresenter } from '../status-info.js';
import { JobReader } from '../store/job-reader.js';
import { JobListDto, StatusInfoDto } from './status-info.dto.js';

/** The keyset of the job list: when the last job of a page was created, and its id. */
const JOB_CURSOR = z.tuple([z.iso.datetime(), z.uuid()]);

/** Jobs: list, status, dismissal (OGC 18-062r2 sections 7.12, 10 and 13). */
@ApiController('Jobs', 'jobs')
export class JobsController {
  constructor(
    private readonly reader: JobReader,
    private readonly dismissal: DismissalService,
    private readonly presenter: StatusInfoPresenter,
    private readonly links: LinkBuilder,
  ) {}

  /** GET /jobs (/req/job-list/job-list-op): newest first. */
  @Get()
  @ApiOperation({ operationId: 'getJobs', summary: 'The jobs, newest first' })
  @ApiQuery({ name: 'limit', required: false, schema: { type: 'integer', minimum: 1, maximum: 10_000, default: 10 } })
  @ApiQuery({ name: 'cursor', required: false, type: String, description: 'From the next link of a page' })
  @ApiOkResponse({ type: JobListDto })
  async list(
    @Req() request: FastifyRequest,
    @Query('limit') limitText?: unknown,
    @Query('cursor') cursorText?: unknown,
  ): Promise<JobListDto> {
    chooseRepresentation(request, [MediaType.json]);
    const limit = parseLimit(limitText);
    const [createdAt, id] = decodeCursor(cursorText, JOB_CURSOR) ?? [];
    const after = createdAt !== undefined && id !== undefined ? { createdAt, id } : undefined;
    // One row more than asked for tells whether there is a next page.
    const rows = await this.reader.newest(limit + 1, after);
    const page = rows.slice(0, limit);
    const last = rows.length > limit ? page.at(-1) : undefined;
    const next = last && encodeCursor([last.created_text, last.id]);
    return {
      jobs: page.map((job) => this.presenter.present(request, job)),
      links: pageLinks(this.links.self(request), { next }),
    };
  }

  /** GET /jobs/{jobID} (/req/core/job-success). */
  @Get(':jobID')
  @ApiOperation({ operationId: 'getStatus', summary: 'The status of a job' })
  @ApiOkResponse({ type: StatusInfoDto })
  async status(@Req() request: FastifyRequest, @Param('jobID') jobId: string): Promise<StatusInfoDto> {
    chooseRepresentation(request, [MediaType.json]);
    return this.presenter.present(request, await this.reader.get(jobId));
  }

  /** DELETE /jobs/{jobID} (/req/dismiss/job-dismiss-op). */
  @Delete(':jobID')
  @ApiOperation({ operationId: 'dismiss', summary: 'Dismiss a job, or remove a finished one with its results' })
  @ApiOkResponse({ type: StatusInfoDto })
  async dismiss(@Req() request: FastifyRequest, @Param('jobID') jobId: string): Promise<StatusInfoDto> {
    return this.presenter.presentDismissed(request, await this.dismissal.dismiss(jobId));
  }
}
