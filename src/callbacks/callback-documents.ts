import { Injectable } from '@nestjs/common';
import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { Settings } from '../config/settings.js';
import { JobResults } from '../execution/job-results.js';
import { OutputLinks } from '../execution/results/output-links.js';
import { describedOutputs } from '../execution/results/requested-output.js';
import { ResultsWriter } from '../execution/results/results.writer.js';
import type { ResponsePreferences } from '../jobs/job.types.js';
import { StatusInfoPresenter } from '../jobs/status-info.js';
import { type JobStatusRow, readJobRow } from '../jobs/store/job-row.js';
import { ProcessRegistry } from '../processes/process-registry.js';
import type { OwedCallback } from './callback-queue.js';

/** The documents that subscribers get: results for successUri, the status for the other two. */
@Injectable()
export class CallbackDocuments {
  constructor(
    private readonly presenter: StatusInfoPresenter,
    private readonly results: JobResults,
    private readonly writer: ResultsWriter,
    private readonly links: OutputLinks,
    private readonly registry: ProcessRegistry,
    private readonly settings: Settings,
  ) {}

  /** The body of a call, as application/json. Rejects when the results cannot be read. */
  async of({ kind, job, response, base: given }: OwedCallback): Promise<Buffer> {
    const base = this.settings.PUBLIC_URL ?? given;
    if (kind === 'successUri') return await this.resultsOf(readJobRow(job), response?.outputs, base);
    return Buffer.from(JSON.stringify(this.presenter.presentAt(base, readJobRow(job))));
  }

  /** `results.yaml`. What is too large to be sent is linked, also where a client asked for it by value. */
  private async resultsOf(job: JobStatusRow, outputs: ResponsePreferences['outputs'], base: string): Promise<Buffer> {
    const produced = await this.results.of(job);
    const written = await this.writer.write({
      produced,
      described: describedOutputs(produced, this.registry.find(job.process_id)),
      request: {
        response: 'document',
        dialect: '1.0',
        outputs: outputs?.map(({ transmissionMode, ...output }) =>
          transmissionMode === 'reference' ? { ...output, transmissionMode } : output,
        ),
      },
      source: 'execution',
      urlOf: (output) => this.links.at(base, job.id, output),
    });
    const body = written.open?.();
    if (body === undefined) return Buffer.from('{}');
    return body instanceof Readable ? await buffer(body) : Buffer.from(body);
  }
}
