import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { JobFiles } from '../jobs/job-files.js';
import { StatusInfoPresenter } from '../jobs/status-info.js';
import type { JobStatusRow } from '../jobs/store/job-row.js';
import { LinkBuilder } from '../ogc/links/link-builder.js';
import { LinkRelation } from '../ogc/links/link-relation.js';
import { formatLinkHeader } from '../ogc/links/link.js';
import { MediaType } from '../ogc/media-type.js';
import { formatPreferenceApplied, type Preferences } from '../ogc/prefer.js';
import type { ExecutionCall } from './execution-preparation.js';
import type { ExecutionAnswer } from './execution.service.js';
import { replyWithResults } from './results-reply.js';
import { OutputLinks } from './results/output-links.js';
import { ResultsWriter } from './results/results.writer.js';

/** Turns what an execution led to into its HTTP answer. */
@Injectable()
export class ExecutionResponder {
  constructor(
    private readonly writer: ResultsWriter,
    private readonly presenter: StatusInfoPresenter,
    private readonly links: LinkBuilder,
    private readonly outputLinks: OutputLinks,
    private readonly files: JobFiles,
  ) {}

  /**
   * An answer to an execution that left a job leads to it, also when the execution failed
   * (OGC 18-062r2 /req/core/job-results-success-sync).
   * @throws DomainError when the execution failed, or its results cannot be sent
   */
  async send(
    request: FastifyRequest,
    reply: FastifyReply,
    answer: ExecutionAnswer,
    call: Pick<ExecutionCall, 'accept' | 'profile' | 'preferences'>,
  ): Promise<void> {
    const { requested, result, applied } = answer;
    if (result.kind === 'job') return this.sendJob(this.links.url(request, ''), reply, result.job, applied);
    const { jobId } = result;
    const monitor = jobId === undefined ? [] : [monitorLink(this.links.url(request, ''), jobId)];
    if (monitor.length > 0) reply.header('link', monitor);
    if (result.kind === 'failed') throw result.error;

    const { outputs, discard } = result;
    if (discard !== undefined) reply.raw.once('close', () => void this.files.remove(discard));
    const response = await this.writer.write({
      produced: outputs,
      described: requested.process.description.outputs,
      request: requested.request,
      accept: call.accept,
      profile: call.profile,
      returnPreference: call.preferences.return,
      source: 'execution',
      urlOf: jobId === undefined ? undefined : (output) => this.outputLinks.of(request, jobId, output),
    });
    replyWithResults(reply, response, applied, monitor);
  }

  /** The answer to a request that was only checked. */
  sendValid(reply: FastifyReply, { processId, preferences }: ExecutionCall, mode: 'sync' | 'async'): void {
    const { validateOnly, handling } = preferences;
    const applied = validateOnly ? formatPreferenceApplied({ handling, validateOnly }) : undefined;
    if (applied !== undefined) reply.header('preference-applied', applied);
    void reply.code(200).type(MediaType.json).send({ valid: true, processID: processId, mode });
  }

  /** OGC 18-062r2 /req/core/process-execute-success-async */
  private sendJob(base: string, reply: FastifyReply, job: JobStatusRow, honoured: Partial<Preferences>): void {
    const applied = formatPreferenceApplied(honoured);
    if (applied !== undefined) reply.header('preference-applied', applied);
    void reply
      .code(201)
      .header('link', monitorLink(base, job.id))
      .header('location', `${base}/jobs/${job.id}`)
      .send(this.presenter.presentAt(base, job));
  }
}

function monitorLink(base: string, jobId: string): string {
  return formatLinkHeader([{ href: `${base}/jobs/${jobId}`, rel: LinkRelation.monitor, type: MediaType.json }]);
}
