import { Get, Param, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ApiController } from '../../ogc/http/api-controller.decorator.js';
import { LinkBuilder } from '../../ogc/links/link-builder.js';
import { LinkRelation } from '../../ogc/links/link-relation.js';
import type { Link } from '../../ogc/links/link.js';
import { MediaType } from '../../ogc/media-type.js';
import { chooseRepresentation } from '../../ogc/negotiation/representation.js';
import { BlockRegistry } from '../block-registry.js';
import { type BlockTypeDto, type BlockTypeListDto, toBlockTypeSummaryDto } from './block.dto.js';
import { ApiBlockType, ApiBlockTypes } from './blocks.openapi.js';

/** What blocks there can be. */
@ApiController('Blocks', 'block-types')
export class BlockTypesController {
  constructor(
    private readonly registry: BlockRegistry,
    private readonly links: LinkBuilder,
  ) {}

  /** GET /block-types */
  @Get()
  @ApiBlockTypes()
  list(@Req() request: FastifyRequest): BlockTypeListDto {
    chooseRepresentation(request, [MediaType.json]);
    return {
      types: this.registry.list().map((type) => toBlockTypeSummaryDto(type, this.linksOf(request, type.type))),
      links: [{ href: this.links.self(request), rel: LinkRelation.self, type: MediaType.json }],
    };
  }

  /** GET /block-types/{type} */
  @Get(':type')
  @ApiBlockType()
  one(@Req() request: FastifyRequest, @Param('type') name: string): BlockTypeDto {
    chooseRepresentation(request, [MediaType.json]);
    const type = this.registry.get(name);
    return { ...toBlockTypeSummaryDto(type, this.linksOf(request, type.type)), schema: type.schema };
  }

  private linksOf(request: FastifyRequest, type: string): Link[] {
    return [
      this.links.to(request, `/block-types/${type}`, LinkRelation.self, { title: 'This type of block' }),
      this.links.to(request, `/blocks?type=${type}`, LinkRelation.blocks, { title: 'The blocks of this type' }),
    ];
  }
}
