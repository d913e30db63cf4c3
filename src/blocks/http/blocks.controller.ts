import { Body, Delete, Get, Headers, HttpCode, Param, Patch, Post, Put, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ApiController } from '../../ogc/http/api-controller.decorator.js';
import { LinkBuilder } from '../../ogc/links/link-builder.js';
import { LinkRelation } from '../../ogc/links/link-relation.js';
import type { Link } from '../../ogc/links/link.js';
import { MediaType } from '../../ogc/media-type.js';
import { chooseRepresentation } from '../../ogc/negotiation/representation.js';
import { decodeCursor, encodeCursor } from '../../ogc/paging/cursor.js';
import { parseLimit } from '../../ogc/paging/limit.js';
import { pageLinks } from '../../ogc/paging/page-links.js';
import { DomainError } from '../../ogc/problems/domain-error.js';
import { invalidQuery } from '../../ogc/problems/invalid-query.js';
import { BlockChanges } from '../block-changes.js';
import { type BlockRef, blockRefText } from '../block-ref.js';
import { BlockTests } from '../block-tests.js';
import { blockTag, readIfMatch } from '../block-version.js';
import { type BlockRow, BlockRows } from '../store/block-rows.js';
import { parseBlockPath, parseBlockValues, parseNewBlock } from './block-request.js';
import { type BlockDto, type BlockPageDto, type BlockTestDto, toBlockDto } from './block.dto.js';
import {
  ApiBlock,
  ApiBlocks,
  ApiCreateBlock,
  ApiMergeBlock,
  ApiRemoveBlock,
  ApiReplaceBlock,
  ApiTestBlock,
} from './blocks.openapi.js';

const CURSOR = z.tuple([z.string(), z.string()]);

/** Stored configuration. Secrets go in, and never come out. */
@ApiController('Blocks', 'blocks', { confidential: true })
export class BlocksController {
  constructor(
    private readonly changes: BlockChanges,
    private readonly rows: BlockRows,
    private readonly tests: BlockTests,
    private readonly links: LinkBuilder,
  ) {}

  /** GET /blocks */
  @Get()
  @ApiBlocks()
  async page(
    @Req() request: FastifyRequest,
    @Query('type') type?: unknown,
    @Query('limit') limitText?: unknown,
    @Query('cursor') cursorText?: unknown,
  ): Promise<BlockPageDto> {
    chooseRepresentation(request, [MediaType.json]);
    if (type !== undefined && typeof type !== 'string') {
      throw invalidQuery('type', 'must be given once');
    }
    const limit = parseLimit(limitText);
    const [afterType, afterName] = decodeCursor(cursorText, CURSOR) ?? [];
    const after = afterType === undefined ? undefined : { type: afterType, name: afterName! };
    const rows = await this.rows.page(limit + 1, type, after);
    const page = rows.slice(0, limit);
    const last = rows.length > limit ? page.at(-1) : undefined;
    return {
      blocks: page.map((row) => toBlockDto(row, this.linksOf(request, row))),
      links: pageLinks(this.links.self(request), { next: last && encodeCursor([last.type, last.name]) }),
    };
  }

  /** POST /blocks */
  @Post()
  @HttpCode(201)
  @ApiCreateBlock()
  async create(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Body() body: unknown,
  ): Promise<BlockDto> {
    const { type, name, values } = parseNewBlock(body);
    const row = await this.changes.create({ type, name }, values);
    reply.header('location', this.links.url(request, pathOf(row)));
    return this.answer(row, request, reply);
  }

  /** GET /blocks/{type}/{name} */
  @Get(':type/:name')
  @ApiBlock()
  async one(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('type') type: string,
    @Param('name') name: string,
  ): Promise<BlockDto> {
    chooseRepresentation(request, [MediaType.json]);
    return this.answer(await this.changes.find(parseBlockPath(type, name)), request, reply);
  }

  /** PUT /blocks/{type}/{name} */
  @Put(':type/:name')
  @ApiReplaceBlock()
  async replace(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('type') type: string,
    @Param('name') name: string,
    @Body() body: unknown,
    @Headers('if-match') ifMatch?: string,
  ): Promise<BlockDto> {
    const ref = parseBlockPath(type, name);
    const row = await this.changes.replace(ref, parseBlockValues(body), readIfMatch(ifMatch));
    return this.answer(row, request, reply);
  }

  /** PATCH /blocks/{type}/{name} */
  @Patch(':type/:name')
  @ApiMergeBlock()
  async merge(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('type') type: string,
    @Param('name') name: string,
    @Body() body: unknown,
    @Headers('if-match') ifMatch?: string,
  ): Promise<BlockDto> {
    const ref = parseBlockPath(type, name);
    const row = await this.changes.merge(ref, parseBlockValues(body), readIfMatch(ifMatch));
    return this.answer(row, request, reply);
  }

  /** DELETE /blocks/{type}/{name} */
  @Delete(':type/:name')
  @HttpCode(204)
  @ApiRemoveBlock()
  async remove(
    @Param('type') type: string,
    @Param('name') name: string,
    @Headers('if-match') ifMatch?: string,
  ): Promise<void> {
    await this.changes.remove(parseBlockPath(type, name), readIfMatch(ifMatch));
  }

  /** POST /blocks/{type}/{name}/test. The body says nothing, but a form of another origin cannot send its type. */
  @Post(':type/:name/test')
  @HttpCode(200)
  @ApiTestBlock()
  async test(
    @Req() request: FastifyRequest,
    @Param('type') type: string,
    @Param('name') name: string,
  ): Promise<BlockTestDto> {
    if (!/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '')) {
      throw new DomainError('unsupported-media-type', 'The request must have the Content-Type application/json.');
    }
    return this.tests.test(blockRefText(parseBlockPath(type, name)));
  }

  private answer(row: BlockRow, request: FastifyRequest, reply: FastifyReply): BlockDto {
    reply.header('etag', `"${blockTag(row)}"`);
    return toBlockDto(row, this.linksOf(request, row));
  }

  private linksOf(request: FastifyRequest, row: BlockRow): Link[] {
    return [
      this.links.to(request, pathOf(row), LinkRelation.self, { title: 'This block' }),
      this.links.to(request, `/block-types/${row.type}`, LinkRelation.blockType, { title: 'Its type' }),
    ];
  }
}

function pathOf(ref: BlockRef): string {
  return `/blocks/${blockRefText(ref)}`;
}
