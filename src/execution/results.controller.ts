import { Get, Param, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RequestedOutput } from '../jobs/job.types.js';
import { type JobDetailRow, JobReader } from '../jobs/store/job-reader.js';
import { ApiController } from '../ogc/http/api-controller.decorator.js';
import { parsePrefer } from '../ogc/prefer.js';
import { DomainError } from '../ogc/problems/domain-error.js';
import { ProcessRegistry } from '../processes/process-registry.js';
import { JobResults } from './job-results.js';
import { readOutputIds, readProfile } from './query-options.js';
import { replyWithResults } from './results-reply.js';
import { ApiOutput, ApiOutputValue, ApiResults } from './results.openapi.js';
import { outputValue, type OutputValue } from './results/output-value.js';
import { type LinkQuery, OutputLinks } from './results/output-links.js';
import { describedOutputs, requestedSchema } from './results/requested-output.js';
import { asksForDocument } from './results/results-profile.js';
import { type OutputConditions, ResultsWriter } from './results/results.writer.js';

/** The results of jobs (OGC 18-062r2 section 7.13). */
@ApiController('Results', 'jobs/:jobID/results')
export class ResultsController {
  constructor(
    private readonly reader: JobReader,
    private readonly results: JobResults,
    private readonly registry: ProcessRegistry,
    private readonly writer: ResultsWriter,
    private readonly links: OutputLinks,
  ) {}

  /** GET /jobs/{jobID}/results, in the form the execute request asked for unless `profile` asks for the document. */
  @Get()
  @ApiResults()
  async all(
    @Param('jobID') jobId: string,
    @Query() query: { profile?: unknown; outputs?: unknown },
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const job = await this.reader.get(jobId);
    const { accept, prefer } = request.headers;
    const profile = readProfile(query.profile);
    const { made, described } = await this.outputsOf(job);
    const chosen = readOutputIds(query.outputs, described);
    const produced = made ?? (await this.results.of(job));
    const response = await this.writer.write(
      {
        produced,
        described,
        request: {
          ...job.response,
          ...(chosen && { outputs: chosen.map((id) => selection(job, id)) }),
          ...(asksForDocument(profile, accept) && { dialect: '2.0' }),
        },
        accept,
        profile,
        returnPreference: parsePrefer(prefer).return,
        source: 'job',
        urlOf: (output) => this.links.of(request, job.id, output),
      },
      conditionsOf(request),
    );
    replyWithResults(reply, response, {});
  }

  /** GET /jobs/{jobID}/results/{outputID}: one output, bare (2.0 /req/core/job-result-op). */
  @Get(':outputID')
  @ApiOutput()
  async one(
    @Param('jobID') jobId: string,
    @Param('outputID') outputId: string,
    @Query() query: LinkQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.links.check(jobId, outputId, query);
    const { requested, ...found } = await this.find(jobId, outputId);
    await this.send(request, reply, found, requested);
  }

  /** GET /jobs/{jobID}/results/{outputID}/{N}: one value of an output that has several (2.0). */
  @Get(':outputID/:N')
  @ApiOutputValue()
  async nth(
    @Param('jobID') jobId: string,
    @Param('outputID') outputId: string,
    @Param('N') position: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    if (!/^\d{1,15}$/.test(position)) {
      throw new DomainError('invalid-parameter', 'The position of a value is a whole number from 0.');
    }
    const { output, schema } = await this.find(jobId, outputId);
    const value = await outputValue(output, schema, Number(position));
    if (value === undefined) {
      throw new DomainError('result-not-available', `The output "${outputId}" has no value number ${position}.`);
    }
    await this.send(request, reply, value);
  }

  private async find(jobId: string, outputId: string): Promise<OutputValue & { requested?: string }> {
    const job = await this.reader.get(jobId);
    const { made, described } = await this.outputsOf(job);
    if (!Object.hasOwn(described, outputId)) {
      throw new DomainError('no-such-output', `The process "${job.process_id}" has no output of that id.`);
    }
    const produced = made ?? (await this.results.of(job));
    const requested: RequestedOutput = selection(job, outputId);
    const output = produced.find(({ id }) => id === outputId);
    const { schema } = described[outputId];
    if (output !== undefined) {
      return { output, schema: requestedSchema(requested, schema), requested: requested.mediaType };
    }
    throw new DomainError('result-not-available', `The job produced no output "${outputId}".`);
  }

  /** What a job has made, once it was successful. An id that no output has is refused before it is told why there are none. */
  private async outputsOf(job: JobDetailRow) {
    const made = job.state_type === 'COMPLETED' ? await this.results.of(job) : undefined;
    return { made, described: describedOutputs(made ?? [], this.registry.find(job.process_id)) };
  }

  private async send(
    request: FastifyRequest,
    reply: FastifyReply,
    { output, schema }: OutputValue,
    requested?: string,
  ): Promise<void> {
    replyWithResults(reply, await this.writer.writeOutput(output, { schema }, conditionsOf(request), requested), {});
  }
}

function conditionsOf({ headers }: FastifyRequest): OutputConditions {
  const { accept, range, 'if-range': ifRange, 'if-none-match': ifNoneMatch } = headers;
  return { accept, range, ifRange: ifRange?.toString(), ifNoneMatch };
}

/**
 * How the execute request asked for an output.
 * @throws DomainError `output-not-requested` (2.0 /req/core/process-execute-success-async-outputs)
 */
function selection({ response: { outputs } }: JobDetailRow, outputId: string) {
  if (outputs === undefined) return { id: outputId };
  const selected = outputs.find(({ id }) => id === outputId);
  if (selected !== undefined) return selected;
  throw new DomainError('output-not-requested', `The output "${outputId}" was not requested.`);
}
