import { Body, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type StatusInfo, StatusInfoPresenter } from '../../jobs/status-info.js';
import { ApiController } from '../../ogc/http/api-controller.decorator.js';
import { LinkBuilder } from '../../ogc/links/link-builder.js';
import { PauseService } from '../pause.service.js';
import { RepetitionService } from '../repetition.service.js';
import { ApiPause, ApiResume, ApiRetry } from './control.openapi.js';
import { parseRepetition, parseResumption } from './control-request.js';

/** What clients can do with a job beside dismissing it. */
@ApiController('Tasks', 'jobs/:jobID')
export class JobControlController {
  constructor(
    private readonly pauses: PauseService,
    private readonly repetitions: RepetitionService,
    private readonly presenter: StatusInfoPresenter,
    private readonly links: LinkBuilder,
  ) {}

  /** POST /jobs/{jobID}/pause */
  @Post('pause')
  @HttpCode(200)
  @ApiPause()
  async pause(@Req() request: FastifyRequest, @Param('jobID') jobId: string): Promise<StatusInfo> {
    return this.presenter.present(request, await this.pauses.pause(jobId));
  }

  /** POST /jobs/{jobID}/resume */
  @Post('resume')
  @HttpCode(200)
  @ApiResume()
  async resume(
    @Req() request: FastifyRequest,
    @Param('jobID') jobId: string,
    @Body() body: unknown,
  ): Promise<StatusInfo> {
    return this.presenter.present(request, await this.pauses.resume(jobId, parseResumption(body)));
  }

  /** POST /jobs/{jobID}/retry */
  @Post('retry')
  @HttpCode(201)
  @ApiRetry()
  async retry(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Param('jobID') jobId: string,
    @Body() body: unknown,
    @Query() query: Record<string, unknown>,
  ): Promise<StatusInfo> {
    const job = await this.repetitions.repeat(jobId, parseRepetition(body, query));
    reply.header('location', this.links.url(request, `/jobs/${job.id}`));
    return this.presenter.present(request, job);
  }
}
