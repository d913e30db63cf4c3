import { Controller, Get, Headers, Param, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type JobDetailRow, JobReader } from '../jobs/store/job-reader.js';
import { LinkBuilder } from '../ogc/links/link-builder.js';
import { parsePrefer } from '../ogc/prefer.js';
import { DomainError } from '../ogc/problems/domain-error.js';
import type { OutputDescription } from '../processes/process-description.js';
import { ProcessRegistry } from '../processes/process-registry.js';
import { JobResults } from './job-results.js';
import { replyWithResults } from './results-reply.js';
import { ResultsWriter } from './results/results.writer.js';

/** The results of jobs (OGC 18-062r2 section 7.13). */
@ApiTags('Results')
@Controller('jobs/:jobID/results')
export class ResultsController {
  constructor(
    private readonly reader: JobReader,
    private readonly results: JobResults,
    private readonly registry: ProcessRegistry,
    private readonly writer: ResultsWriter,
    private readonly links: LinkBuilder,
  ) {}

  /** GET /jobs/{jobID}/results, in the form the execute request asked for. */
  @Get()
  @ApiOperation({ operationId: 'getResults', summary: 'The results of a job' })
  @ApiOkResponse({ description: 'The results' })
  @ApiResponse({ status: 204, description: 'The outputs are in Link headers' })
  async all(
    @Param('jobID') jobId: string,
    @Headers('prefer') prefer: string | undefined,
    @Query('profile') profile: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const job = await this.reader.get(jobId);
    const response = await this.writer.write({
      produced: await this.results.of(job),
      described: this.outputsOf(job),
      request: job.response,
      accept: request.headers.accept,
      profile: typeof profile === 'string' ? profile : undefined,
      returnPreference: parsePrefer(prefer).return,
      source: 'job',
      urlOf: (id) => this.links.url(request, `/jobs/${job.id}/results/${encodeURIComponent(id)}`),
    });
    replyWithResults(reply, response, {});
  }

  /** GET /jobs/{jobID}/results/{outputID}: one output, bare (2.0 /req/core/job-result-op). */
  @Get(':outputID')
  @ApiOperation({ operationId: 'getOutput', summary: 'One output of a job' })
  @ApiOkResponse({ description: 'The output in its media type' })
  @ApiResponse({ status: 206, description: 'A range of an output that is a file' })
  async one(
    @Param('jobID') jobId: string,
    @Param('outputID') outputId: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const job = await this.reader.get(jobId);
    const described = this.outputsOf(job);
    if (!Object.hasOwn(described, outputId)) {
      throw new DomainError('no-such-output', `The process "${job.process_id}" has no output of that id.`);
    }
    const outputs = await this.results.of(job);
    if (job.response.outputs !== undefined && !job.response.outputs.some(({ id }) => id === outputId)) {
      throw new DomainError('output-not-requested', `The output "${outputId}" was not requested.`);
    }
    const output = outputs.find(({ id }) => id === outputId);
    if (output === undefined)
      throw new DomainError('result-not-available', `The job produced no output "${outputId}".`);
    const { accept, range, 'if-range': ifRange, 'if-none-match': ifNoneMatch } = request.headers;
    const conditions = { accept, range, ifRange: ifRange?.toString(), ifNoneMatch };
    replyWithResults(reply, await this.writer.writeOutput(output, described[outputId], conditions), {});
  }

  /** @throws DomainError `no-such-process` when the process of the job is no longer offered */
  private outputsOf(job: JobDetailRow): Readonly<Record<string, OutputDescription>> {
    const process = this.registry.find(job.process_id);
    if (process !== undefined) return process.description.outputs;
    throw new DomainError('no-such-process', `The process "${job.process_id}" of this job is no longer offered.`);
  }
}
