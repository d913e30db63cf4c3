import { Body, Controller, Headers, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { JobFiles } from '../jobs/job-files.js';
import { StatusInfoPresenter } from '../jobs/status-info.js';
import { StatusInfoDto } from '../jobs/http/status-info.dto.js';
import { LinkBuilder } from '../ogc/links/link-builder.js';
import { LinkRelation } from '../ogc/links/link-relation.js';
import { formatLinkHeader } from '../ogc/links/link.js';
import { formatPreferenceApplied, parsePrefer, type Preferences } from '../ogc/prefer.js';
import { type ExecutionAnswer, ExecutionService } from './execution.service.js';
import { replyWithResults } from './results-reply.js';
import { ResultsWriter } from './results/results.writer.js';

/** POST /processes/{processID}/execution (OGC 18-062r2 section 7.11). */
@ApiTags('Execution')
@Controller('processes/:processID/execution')
export class ExecutionController {
  constructor(
    private readonly executions: ExecutionService,
    private readonly writer: ResultsWriter,
    private readonly presenter: StatusInfoPresenter,
    private readonly links: LinkBuilder,
    private readonly files: JobFiles,
  ) {}

  /** Executes a process; the answer is its results or a job, as the request prefers. */
  @Post()
  @ApiOperation({ operationId: 'execute', summary: 'Execute a process' })
  @ApiBody({ schema: { type: 'object' }, description: 'inputs, outputs and response, see the process description' })
  @ApiResponse({ status: 200, description: 'The results of a synchronous execution' })
  @ApiResponse({ status: 201, description: 'A job was created', type: StatusInfoDto })
  @ApiResponse({ status: 204, description: 'No content: the outputs are in Link headers, or none were asked for' })
  async execute(
    @Param('processID') processId: string,
    @Body() body: unknown,
    @Headers('prefer') prefer: string | undefined,
    @Query('profile') profile: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    const preferences = parsePrefer(prefer);
    const { accept } = request.headers;
    const call = {
      processId,
      body,
      accept,
      profile: typeof profile === 'string' ? profile : undefined,
      signal: gone.signal,
    };
    const answer = await this.executions.execute(call, preferences);
    if (answer.kind === 'job') return this.replyWithJob(request, reply, answer);
    await this.replyWithResults(request, reply, answer, preferences, call.profile);
  }

  /** OGC 18-062r2 /req/core/process-execute-success-async */
  private replyWithJob(request: FastifyRequest, reply: FastifyReply, answer: ExecutionAnswer & { kind: 'job' }): void {
    const applied = formatPreferenceApplied(answer.applied);
    if (applied !== undefined) reply.header('preference-applied', applied);
    void reply
      .code(201)
      .header('location', this.links.url(request, `/jobs/${answer.job.id}`))
      .send(this.presenter.present(request, answer.job));
  }

  private async replyWithResults(
    request: FastifyRequest,
    reply: FastifyReply,
    { execution, applied, outputs, jobId }: ExecutionAnswer & { kind: 'results' },
    preferences: Preferences,
    profile: string | undefined,
  ): Promise<void> {
    const response = await this.writer.write({
      produced: outputs,
      described: execution.process.description.outputs,
      request: execution.request,
      accept: request.headers.accept,
      profile,
      returnPreference: preferences.return,
      source: 'execution',
      ...(jobId !== undefined && { urlOf: (id) => this.outputUrl(request, jobId, id) }),
    });
    const links: string[] = [];
    if (jobId !== undefined) {
      // /req/core/job-results-success-sync
      const monitor = { href: this.links.url(request, `/jobs/${jobId}`), rel: LinkRelation.monitor };
      links.push(formatLinkHeader([monitor]));
    } else if (outputs.some(({ kind }) => kind === 'file')) {
      reply.raw.once('close', () => void this.files.remove(execution.jobId));
    }
    replyWithResults(reply, response, applied, links);
  }

  private outputUrl(request: FastifyRequest, jobId: string, outputId: string): string {
    return this.links.url(request, `/jobs/${jobId}/results/${encodeURIComponent(outputId)}`);
  }
}
