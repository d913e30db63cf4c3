import { Get, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Settings } from '../config/settings.js';
import { conformanceClasses } from './conformance.js';
import { ApiController } from './http/api-controller.decorator.js';
import { ConformanceDto, LandingPageDto } from './landing-page.dto.js';
import { LinkBuilder } from './links/link-builder.js';
import { LinkRelation } from './links/link-relation.js';
import { MediaType } from './media-type.js';
import { ApiFormatQuery } from './negotiation/format-query.decorator.js';
import { chooseRepresentation } from './negotiation/representation.js';

/** The entry into the API and what it conforms to (OGC 18-062r2 sections 7.2 and 7.4). */
@ApiController('API')
export class LandingPageController {
  constructor(
    private readonly links: LinkBuilder,
    private readonly settings: Settings,
  ) {}

  /** GET / (/req/core/landingpage-success). */
  @Get()
  @ApiOperation({ operationId: 'getLandingPage', summary: 'Landing page: where everything is' })
  @ApiFormatQuery('json')
  @ApiOkResponse({ type: LandingPageDto })
  landingPage(@Req() request: FastifyRequest): LandingPageDto {
    chooseRepresentation(request, [MediaType.json]);
    const to = (path: string, rel: string, title: string, type: string = MediaType.json) =>
      this.links.to(request, path, rel, { title, type });
    return {
      title: 'Sluice',
      description: 'Processes published as OGC API - Processes, executed on a durable queue.',
      links: [
        { ...to('', LinkRelation.self, 'This document'), href: this.links.self(request) },
        to('/api', LinkRelation.serviceDescription, 'The API definition (OpenAPI 3.0)', MediaType.openApi30),
        to('/api', LinkRelation.serviceDescription, 'The API definition (OpenAPI 3.1)', MediaType.openApi31),
        to('/api', LinkRelation.serviceDocumentation, 'The API documentation', MediaType.html),
        to('/conformance', LinkRelation.conformance, 'Conformance classes of this service'),
        to('/processes', LinkRelation.processes, 'The processes offered'),
        to('/jobs', LinkRelation.jobList, 'The jobs known'),
      ],
    };
  }

  /** GET /conformance (/req/core/conformance-success). */
  @Get('conformance')
  @ApiOperation({ operationId: 'getConformanceClasses', summary: 'Conformance classes this service implements' })
  @ApiFormatQuery('json')
  @ApiOkResponse({ type: ConformanceDto })
  conformance(@Req() request: FastifyRequest): ConformanceDto {
    chooseRepresentation(request, [MediaType.json]);
    return { conformsTo: conformanceClasses(this.settings.DEFAULT_DIALECT) };
  }
}
