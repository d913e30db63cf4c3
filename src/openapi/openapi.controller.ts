import { Get, Param, Req, Res } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiController } from '../ogc/http/api-controller.decorator.js';
import { LinkBuilder } from '../ogc/links/link-builder.js';
import { MediaType } from '../ogc/media-type.js';
import { ApiFormatQuery } from '../ogc/negotiation/format-query.decorator.js';
import { chooseRepresentation } from '../ogc/negotiation/representation.js';
import { DomainError } from '../ogc/problems/domain-error.js';
import { OpenApiDocument } from './openapi-document.js';
import { CONTENT_SECURITY_POLICY, swaggerAsset, swaggerPage } from './swagger-ui.js';

/** GET /api: the definition of the API for programs, and as a page for people. */
@ApiController('API', 'api')
export class OpenApiController {
  constructor(
    private readonly document: OpenApiDocument,
    private readonly links: LinkBuilder,
  ) {}

  /** OGC 18-062r2 /req/core/api-definition-success, /req/oas30/oas-definition-1 and, in 2.0, /req/oas31/oas-definition. */
  @Get()
  @ApiOperation({ operationId: 'getApi', summary: 'The API definition; in a browser, its documentation' })
  @ApiFormatQuery('json', 'html', 'oas30', 'oas31')
  @ApiOkResponse({
    description: 'The API definition',
    content: {
      [MediaType.openApi30]: { schema: { type: 'object' } },
      [MediaType.openApi31]: { schema: { type: 'object' } },
      [MediaType.json]: { schema: { type: 'object' } },
      [MediaType.html]: { schema: { type: 'string' } },
    },
  })
  api(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    const type = chooseRepresentation(request, [
      MediaType.openApi30,
      MediaType.openApi31,
      MediaType.json,
      MediaType.html,
    ]);
    reply.header('Vary', 'Accept');
    if (type === MediaType.html) {
      const isBelow = request.url.split('?', 1)[0].endsWith('/');
      reply.header('Content-Security-Policy', CONTENT_SECURITY_POLICY);
      void reply.type('text/html; charset=utf-8').send(swaggerPage(isBelow ? '../api' : 'api'));
      return;
    }
    const version = type === MediaType.openApi31 ? '3.1' : '3.0';
    // As bytes, because Fastify would add a charset to the media type.
    void reply.type(type).send(Buffer.from(this.document.json(this.links.url(request, ''), version)));
  }

  @Get('assets/:name')
  @ApiExcludeEndpoint()
  async asset(@Param('name') name: string, @Res() reply: FastifyReply): Promise<void> {
    const asset = await swaggerAsset(name);
    if (!asset) throw new DomainError('not-found', 'There is no such file.');
    void reply.header('Cache-Control', 'public, max-age=3600').type(asset.type).send(asset.content);
  }
}
