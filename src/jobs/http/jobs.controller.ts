import { Delete, Get, Param, Query, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { ApiController } from '../../ogc/http/api-controller.decorator.js';
import { LinkBuilder } from '../../ogc/links/link-builder.js';
import { MediaType } from '../../ogc/media-type.js';
import { ApiFormatQuery } from '../../ogc/negotiation/format-query.decorator.js';
import { chooseRepresentation } from '../../ogc/negotiation/representation.js';
import { pageLinks } from '../../ogc/paging/page-links.js';
import { DismissalService } from '../dismissal.service.js';
import { StatusInfoPresenter } from '../status-info.js';
import { JobList } from '../store/job-list.js';
import { JobReader } from '../store/job-reader.js';
import { jobListPage } from './job-list-page.js';
import { ApiJobListQuery } from './job-list-query.decorator.js';
import { parseJobListQuery } from './job-list-query.js';
import { JobListDto, StatusInfoDto } from './status-info.dto.js';

/** Jobs: list, status, dismissal (OGC 18-062r2 sections 7.12, 10 and 13). */
@ApiController('Jobs', 'jobs')
export class JobsController {
  constructor(
    private readonly list: JobList,
    private readonly reader: JobReader,
    private readonly dismissal: DismissalService,
    private readonly presenter: StatusInfoPresenter,
    private readonly links: LinkBuilder,
  ) {}

  /** GET /jobs (/req/job-list/job-list-op): newest first. */
  @Get()
  @ApiOperation({ operationId: 'getJobs', summary: 'The jobs, newest first' })
  @ApiJobListQuery()
  @ApiFormatQuery('json')
  @ApiOkResponse({ type: JobListDto })
  async page(@Req() request: FastifyRequest, @Query() parameters: Record<string, unknown>): Promise<JobListDto> {
    chooseRepresentation(request, [MediaType.json]);
    const query = parseJobListQuery(parameters);
    // One row more than asked for tells whether the list goes on.
    const part = { limit: query.limit + 1, after: query.after, before: query.before };
    const rows = query.isEmpty ? [] : await this.list.read(query.filter, part);
    const { jobs, cursors } = jobListPage(query, rows);
    const base = this.links.url(request, '');
    return {
      jobs: jobs.map((job) => this.presenter.presentAt(base, job)),
      links: pageLinks(this.links.self(request), cursors),
    };
  }

  /** GET /jobs/{jobID} (/req/core/job-success). */
  @Get(':jobID')
  @ApiOperation({ operationId: 'getStatus', summary: 'The status of a job' })
  @ApiParam({ name: 'jobID', schema: { type: 'string' } })
  @ApiFormatQuery('json')
  @ApiOkResponse({ type: StatusInfoDto })
  async status(@Req() request: FastifyRequest, @Param('jobID') jobId: string): Promise<StatusInfoDto> {
    chooseRepresentation(request, [MediaType.json]);
    return this.presenter.present(request, await this.reader.get(jobId));
  }

  /** DELETE /jobs/{jobID} (/req/dismiss/job-dismiss-op). */
  @Delete(':jobID')
  @ApiOperation({ operationId: 'dismiss', summary: 'Dismiss a job, or remove a finished one with its results' })
  @ApiParam({ name: 'jobID', schema: { type: 'string' } })
  @ApiOkResponse({ type: StatusInfoDto })
  async dismiss(@Req() request: FastifyRequest, @Param('jobID') jobId: string): Promise<StatusInfoDto> {
    return this.presenter.presentDismissed(request, await this.dismissal.dismiss(jobId));
  }
}
