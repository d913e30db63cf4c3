import type { Readable } from 'node:stream';
import { Delete, Get, HttpCode, Options, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { ApiExcludeEndpoint } from '@nestjs/swagger';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiController } from '../../ogc/http/api-controller.decorator.js';
import { sentContentType, StreamBody } from '../../ogc/http/stream-body.js';
import { LinkBuilder } from '../../ogc/links/link-builder.js';
import { LinkRelation } from '../../ogc/links/link-relation.js';
import { MediaType } from '../../ogc/media-type.js';
import { chooseRepresentation } from '../../ogc/negotiation/representation.js';
import { invalidQuery } from '../../ogc/problems/invalid-query.js';
import { Tus } from '../tus/tus.js';
import { UploadService, type UploadState } from '../upload.service.js';
import { toUploadDto, type UploadDto } from './upload.dto.js';
import { ApiRemoveUpload, ApiUpload, ApiUploadPart, ApiUploadState } from './uploads.openapi.js';

/** Characters. */
const LONGEST_NAME = 255;

/** Bytes that clients send before they execute anything with them, in one go or in parts (tus 1.0). */
@ApiController('Uploads', 'uploads')
export class UploadsController {
  constructor(
    private readonly service: UploadService,
    private readonly tus: Tus,
    private readonly links: LinkBuilder,
  ) {}

  /** POST /uploads */
  @Post()
  @HttpCode(201)
  @StreamBody()
  @ApiUpload()
  async create(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Query('name') name?: unknown,
  ): Promise<UploadDto | undefined> {
    if (request.headers['tus-resumable'] !== undefined) return await this.answer(request, reply);
    const length = request.headers['content-length'];
    const metadata = readMetadata(name, sentContentType(request));
    const upload = await this.service
      .receive(bodyOf(request), metadata, length === undefined ? undefined : Number(length))
      .catch((error: unknown) => {
        // What has not been read of the body cannot be told from a next request.
        reply.header('Connection', 'close');
        throw error;
      });
    reply.header('Location', this.links.url(request, `/uploads/${upload.id}`));
    return this.toDto(request, upload);
  }

  /** GET /uploads/{uploadID}; HEAD with `Tus-Resumable` says how much has arrived. */
  @Get(':uploadID')
  @ApiUploadState()
  async one(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('uploadID') id: string,
  ): Promise<UploadDto | undefined> {
    if (request.method === 'HEAD' && request.headers['tus-resumable'] !== undefined) {
      return await this.answer(request, reply, id);
    }
    chooseRepresentation(request, [MediaType.json]);
    return this.toDto(request, await this.service.get(id));
  }

  /** OPTIONS /uploads and /uploads/{uploadID}: what of tus there is. Scripts of other origins get their answer with it. */
  @Options(['', ':uploadID'])
  @HttpCode(204)
  @RouteConfig({ cors: { preflightContinue: true } })
  @ApiExcludeEndpoint()
  async abilities(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<undefined> {
    return await this.answer(request, reply);
  }

  /** PATCH /uploads/{uploadID} */
  @Patch(':uploadID')
  @HttpCode(204)
  @StreamBody()
  @ApiUploadPart()
  async part(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('uploadID') id: string,
  ): Promise<void> {
    await this.answer(request, reply, id);
  }

  /** DELETE /uploads/{uploadID} */
  @Delete(':uploadID')
  @HttpCode(204)
  @ApiRemoveUpload()
  async remove(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('uploadID') id: string,
  ): Promise<void> {
    if (request.headers['tus-resumable'] === undefined) await this.service.remove(id);
    else await this.answer(request, reply, id);
  }

  private async answer(request: FastifyRequest, reply: FastifyReply, id?: string): Promise<undefined> {
    const type = sentContentType(request);
    const headers = { ...request.headers, 'content-type': type };
    const answer = await this.tus
      .answer({ method: request.method, id, headers, body: request.raw })
      .catch((error: unknown) => {
        // What has not been read of the body cannot be told from a next request.
        reply.headers({ Connection: 'close', 'Tus-Resumable': '1.0.0', 'Tus-Version': '1.0.0' });
        throw error;
      });
    reply.code(answer.status).headers(answer.headers);
    if (answer.id !== undefined) reply.header('Location', this.links.url(request, `/uploads/${answer.id}`));
    return undefined;
  }

  private toDto(request: FastifyRequest, upload: UploadState): UploadDto {
    return toUploadDto(upload, [this.links.to(request, `/uploads/${upload.id}`, LinkRelation.self)]);
  }
}

/** The body as it arrives; a request without one has an empty stream. */
function bodyOf({ body, raw }: FastifyRequest): Readable {
  return (body as Readable | undefined) ?? raw;
}

function readMetadata(name: unknown, mediaType: string | undefined): Record<string, string> {
  if (name !== undefined && (typeof name !== 'string' || name === '' || name.length > LONGEST_NAME)) {
    throw invalidQuery('name', `must be a text of 1 to ${LONGEST_NAME} characters, once`);
  }
  return { ...(name !== undefined && { filename: name }), ...(mediaType !== undefined && { filetype: mediaType }) };
}
