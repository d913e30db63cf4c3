import { Body, Get, Header, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiController } from '../ogc/http/api-controller.decorator.js';
import { LinkBuilder } from '../ogc/links/link-builder.js';
import { parsePrefer } from '../ogc/prefer.js';
import { ProcessRegistry } from '../processes/process-registry.js';
import { hasDirective } from './cache-control.js';
import { ClientDeparture } from './client-departure.js';
import { ApiExecute, ApiExecuteByQuery } from './execution.openapi.js';
import type { ExecutionCall } from './execution-preparation.js';
import { ExecutionResponder } from './execution-responder.js';
import { ExecutionService } from './execution.service.js';
import { parseIdempotencyKey } from './idempotency.js';
import { parseKvpRequest } from './kvp/kvp-request.parser.js';
import { readFlag, readProfile } from './query-options.js';

/** What both ways to ask for an execution say. */
type Said = Omit<ExecutionCall, 'client' | 'idempotencyKey' | 'refresh' | 'baseUrl'>;

/** Execution of processes (OGC 18-062r2 section 7.11; 2.0 class kvp-execute). */
@ApiController('Execution', 'processes/:processID/execution')
export class ExecutionController {
  constructor(
    private readonly executions: ExecutionService,
    private readonly responder: ExecutionResponder,
    private readonly registry: ProcessRegistry,
    private readonly links: LinkBuilder,
  ) {}

  /** POST: the answer is the results or a job, as the request prefers. */
  @Post()
  @ApiExecute()
  async execute(
    @Param('processID') processId: string,
    @Body() body: unknown,
    @Query() query: { profile?: unknown; validate?: unknown },
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { accept } = request.headers;
    const profile = readProfile(query.profile);
    const preferences = parsePrefer(request.headers.prefer);
    const isCheck = readFlag('validate', query.validate) || preferences.validateOnly;
    const said = { method: 'POST', processId, body, accept, profile, preferences } as const;
    await this.answer(request, reply, said, isCheck);
  }

  /**
   * GET: the same, said in the query (2.0 /req/kvp-execute/process-execute-op). It follows 2.0, which alone knows it.
   * HEAD must have no effect (RFC 9110 section 9.3.2), so it only checks the request.
   */
  @Get()
  @Header('Cache-Control', 'no-store')
  @ApiExecuteByQuery()
  async executeByQuery(
    @Param('processID') processId: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { description } = this.registry.get(processId);
    const { originalUrl, method, headers } = request;
    const queryString = originalUrl.includes('?') ? originalUrl.slice(originalUrl.indexOf('?') + 1) : '';
    const { body, accept = headers.accept, prefer, profile, validate } = parseKvpRequest(queryString, description);
    // Of a preference in both places the first one counts.
    const preferences = parsePrefer([prefer ?? [], headers.prefer ?? []].flat());
    const isCheck = readFlag('validate', validate) || preferences.validateOnly || method === 'HEAD';
    const said = { method: 'GET', processId, body, dialect: '2.0', accept, profile, preferences } as const;
    await this.answer(request, reply, said, isCheck);
  }

  private async answer(
    request: FastifyRequest,
    reply: FastifyReply,
    { method, processId, body, dialect, accept, profile, preferences }: Said,
    isCheck: boolean,
  ): Promise<void> {
    const idempotencyKey = parseIdempotencyKey(request.headers['idempotency-key']);
    const baseUrl = () => this.links.url(request, '');
    const refresh = hasDirective(request.headers['cache-control'], 'no-cache');
    const client = new ClientDeparture(reply.raw);
    const call: ExecutionCall = {
      method,
      processId,
      body,
      dialect,
      accept,
      profile,
      preferences,
      idempotencyKey,
      refresh,
      baseUrl,
      client,
    };
    if (isCheck) this.responder.sendValid(reply, call, await this.executions.validate(call));
    else await this.responder.send(request, reply, await this.executions.execute(call), call);
  }
}
