import { Get, Param, Query, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiQuery } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { ApiController } from '../../ogc/http/api-controller.decorator.js';
import { LinkBuilder } from '../../ogc/links/link-builder.js';
import { LinkRelation } from '../../ogc/links/link-relation.js';
import { MediaType } from '../../ogc/media-type.js';
import { ApiFormatQuery } from '../../ogc/negotiation/format-query.decorator.js';
import { chooseRepresentation } from '../../ogc/negotiation/representation.js';
import { ApiLimitQuery } from '../../ogc/paging/limit-query.decorator.js';
import { pageLinks } from '../../ogc/paging/page-links.js';
import type { Link, ProcessDescription } from '../process-description.js';
import { ProcessRegistry } from '../process-registry.js';
import { pageOfProcesses } from './process-page.js';
import { toProcessDescription, toProcessSummary } from './process-representation.js';
import type { ProcessList } from './process-representation.js';
import { ProcessDescriptionDto, ProcessListDto } from './process.dto.js';

/** What can be executed (OGC 18-062r2 sections 7.5 and 7.6). */
@ApiController('Processes', 'processes')
export class ProcessesController {
  constructor(
    private readonly registry: ProcessRegistry,
    private readonly links: LinkBuilder,
  ) {}

  /** GET /processes (/req/core/process-list-success). */
  @Get()
  @ApiOperation({ operationId: 'getProcesses', summary: 'The processes offered, sorted by id' })
  @ApiLimitQuery()
  @ApiQuery({ name: 'cursor', required: false, schema: { type: 'string' }, description: 'From a next or prev link' })
  @ApiFormatQuery('json')
  @ApiOkResponse({ type: ProcessListDto })
  list(@Req() request: FastifyRequest, @Query() query: { limit?: unknown; cursor?: unknown }): ProcessList {
    chooseRepresentation(request, [MediaType.json]);
    const page = pageOfProcesses(this.registry.list(), query);
    return {
      processes: page.processes.map(({ description }) =>
        toProcessSummary(description, [
          this.links.to(request, path(description), LinkRelation.self, { title: 'Process description' }),
          this.executeLink(request, description),
        ]),
      ),
      links: pageLinks(this.links.self(request), page.cursors),
    };
  }

  /** GET /processes/{processID} (/req/core/process-success). */
  @Get(':processID')
  @ApiOperation({
    operationId: 'getProcessDescription',
    summary: 'The description of a process: its inputs and outputs',
  })
  @ApiParam({ name: 'processID', schema: { type: 'string' } })
  @ApiFormatQuery('json')
  @ApiOkResponse({ type: ProcessDescriptionDto })
  describe(@Req() request: FastifyRequest, @Param('processID') id: string): ProcessDescription {
    const { description } = this.registry.get(id);
    chooseRepresentation(request, [MediaType.json]);
    const to = (at: string, rel: string, title: string) => this.links.to(request, at, rel, { title });
    return toProcessDescription(description, [
      to(path(description), LinkRelation.self, 'This document'),
      this.executeLink(request, description),
      to(`/jobs?processID=${encodeURIComponent(id)}`, LinkRelation.jobList, 'Jobs of this process'),
      to(`${path(description)}/graph`, LinkRelation.graph, 'Its steps as a graph'),
      { href: DESCRIPTION_PROFILE, rel: LinkRelation.profile, title: 'OGC process description' },
      to('/processes', LinkRelation.up, 'All processes'),
    ]);
  }

  private executeLink(request: FastifyRequest, description: ProcessDescription): Link {
    return this.links.to(request, `${path(description)}/execution`, LinkRelation.execute, { title: 'Execute' });
  }
}

/** Named by the 2.0 draft; 1.0 clients ignore a relation they do not know. */
const DESCRIPTION_PROFILE = 'https://www.opengis.net/def/profile/OGC/0/ogc-process-description';

function path({ id }: ProcessDescription): string {
  return `/processes/${encodeURIComponent(id)}`;
}
