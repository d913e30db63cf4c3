import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { JobFiles } from '../jobs/job-files.js';
import { StatusInfoPresenter } from '../jobs/status-info.js';
import { LinkBuilder } from '../ogc/links/link-builder.js';
import { LinkRelation } from '../ogc/links/link-relation.js';
import { formatLinkHeader } from '../ogc/links/link.js';
import { MediaType } from '../ogc/negotiation/media-type.js';
import { formatPreferenceApplied, type Preferences } from '../ogc/prefer.js';
import type { ExecutionAnswer } from './execution.service.js';
import { replyWithResults } from './results-reply.js';
import { ResultsWriter } from './results/results.writer.js';

/** What the form of an answer depends on, besides the execution itself. */
export interface AnswerWishes {
  readonly accept?: string;
  readonly profile?: string;
  readonly preferences: Preferences;
}

/** Turns what an execution led to into its HTTP answer. */
@Injectable()
export class ExecutionResponder {
  constructor(
    private readonly writer: ResultsWriter,
    private readonly presenter: StatusInfoPresenter,
    private readonly links: LinkBuilder,
    private readonly files: JobFiles,
  ) {}

  /**
   * An answer to an execution that left a job leads to it, also when the execution failed
   * (OGC 18-062r2 /req/core/job-results-success-sync).
   * @throws DomainError when the execution failed, or its results cannot be sent
   */
  async send(request: FastifyRequest, reply: FastifyReply, answer: ExecutionAnswer, wishes: AnswerWishes) {
    const monitor = this.monitorLinks(request, answer);
    if (monitor.length > 0) reply.header('link', monitor);
    if (answer.kind === 'failed') throw answer.error;
    if (answer.kind === 'job') return this.sendJob(request, reply, answer);

    const { process, outputs, jobId, discard, applied } = answer;
    const isDiscarded = discard !== undefined && outputs.some(({ kind }) => kind === 'file');
    if (isDiscarded) reply.raw.once('close', () => void this.files.remove(discard));
    const response = await this.writer.write({
      produced: outputs,
      described: process.description.outputs,
      request: answer.request,
      accept: wishes.accept,
      profile: wishes.profile,
      returnPreference: wishes.preferences.return,
      source: 'execution',
      ...(jobId !== undefined && { urlOf: (id) => this.outputUrl(request, jobId, id) }),
    });
    replyWithResults(reply, response, applied, monitor);
  }

  /** The answer to a request that was only checked. */
  sendValid(reply: FastifyReply, processId: string, mode: 'sync' | 'async', { preferences }: AnswerWishes): void {
    const { validateOnly, handling } = preferences;
    const applied = validateOnly ? formatPreferenceApplied({ handling, validateOnly }) : undefined;
    if (applied !== undefined) reply.header('preference-applied', applied);
    void reply.code(200).type(MediaType.json).send({ valid: true, processID: processId, mode });
  }

  /** OGC 18-062r2 /req/core/process-execute-success-async */
  private sendJob(request: FastifyRequest, reply: FastifyReply, answer: ExecutionAnswer & { kind: 'job' }): void {
    const applied = formatPreferenceApplied(answer.applied);
    if (applied !== undefined) reply.header('preference-applied', applied);
    void reply
      .code(201)
      .header('location', this.links.url(request, `/jobs/${answer.job.id}`))
      .send(this.presenter.present(request, answer.job));
  }

  private monitorLinks(request: FastifyRequest, answer: ExecutionAnswer): string[] {
    const jobId = answer.kind === 'job' ? answer.job.id : answer.jobId;
    if (jobId === undefined) return [];
    return [formatLinkHeader([this.links.to(request, `/jobs/${jobId}`, LinkRelation.monitor)])];
  }

  private outputUrl(request: FastifyRequest, jobId: string, outputId: string): string {
    return this.links.url(request, `/jobs/${jobId}/results/${encodeURIComponent(outputId)}`);
  }
}
