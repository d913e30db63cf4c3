import { Get, Header, HttpStatus, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiResponse, ApiSchema } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ApiController } from '../../ogc/http/api-controller.decorator.js';
import { type Readiness, ReadinessService } from './readiness.service.js';

/** Answer of both probes. */
@ApiSchema({ name: 'health' })
export class HealthDto {
  @ApiProperty({ type: String, enum: ['ok', 'unavailable'] })
  status!: 'ok' | 'unavailable';

  @ApiProperty({
    type: 'object',
    additionalProperties: {
      type: 'object',
      required: ['status'],
      properties: { status: { type: 'string', enum: ['ok', 'unavailable'] }, detail: { type: 'string' } },
    },
    description: 'Each thing the service needs, by name',
  })
  checks!: Record<string, { status: 'ok' | 'unavailable'; detail?: string }>;
}

/** Probes for whoever keeps the service running. */
@ApiController('Health', 'health')
export class HealthController {
  constructor(private readonly health: ReadinessService) {}

  /** 200 as long as the process answers; a failure means that it should be restarted. */
  @Get('live')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ operationId: 'getLiveness', summary: 'Whether the process is alive' })
  @ApiOkResponse({ type: HealthDto, description: 'It is' })
  live(): HealthDto {
    return { status: 'ok', checks: {} };
  }

  /** 200 when everything the service needs works, else 503; a failure means that requests should go elsewhere. */
  @Get('ready')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ operationId: 'getReadiness', summary: 'Whether the service can do its work' })
  @ApiOkResponse({ type: HealthDto, description: 'It is' })
  @ApiResponse({ status: HttpStatus.SERVICE_UNAVAILABLE, type: HealthDto, description: 'Something it needs is away' })
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<Readiness> {
    const readiness = await this.health.readiness();
    if (readiness.status !== 'ok') reply.code(HttpStatus.SERVICE_UNAVAILABLE);
    return readiness;
  }
}
