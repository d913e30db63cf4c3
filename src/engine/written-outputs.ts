import { join } from 'node:path';
import type { JobLogger, JobOutputs, OutputContent } from '../processes/job-context.js';
import type { OutputDescription } from '../processes/process-description.js';
import type { ProducedOutput } from './execution-unit.js';
import { adoptFile, outputFileName, writeFileOnce, type FileFacts } from './output-file.js';
import { fileMediaType } from './output-media-type.js';

export type FileOutput = Extract<ProducedOutput, { kind: 'file' }>;

/** `context.outputs` of one execution: takes what the process writes, and knows afterwards what was written. */
export class WrittenOutputs implements JobOutputs {
  readonly files = new Map<string, FileOutput>();
  private readonly pending = new Map<string, Promise<void>>();
  private closed = false;

  /**
   * @param directory absolute; made when the first output is written
   * @param declared the outputs of the description; no other is accepted
   * @param signal stops writing when aborted
   */
  constructor(
    private readonly directory: string,
    private readonly declared: Readonly<Record<string, OutputDescription>>,
    private readonly signal: AbortSignal,
    private readonly logger: JobLogger,
  ) {}

  write(outputId: string, content: OutputContent, options?: { mediaType?: string }): Promise<void> {
    return this.take(outputId, options?.mediaType, (path) => writeFileOnce(path, content, this.signal));
  }

  file(outputId: string, path: string, options?: { mediaType?: string }): Promise<void> {
    return this.take(outputId, options?.mediaType, (target) => adoptFile(path, target, this.signal));
  }

  /** Waits for writes the process did not await. @throws what such a write failed with */
  async finish(): Promise<void> {
    await Promise.all(this.pending.values());
  }

  /** Refuses everything that comes later. */
  close(): void {
    this.closed = true;
  }

  private take(
    outputId: string,
    mediaType: string | undefined,
    make: (path: string) => Promise<FileFacts>,
  ): Promise<void> {
    const refusal = this.refusal(outputId);
    const work = refusal === undefined ? this.keep(outputId, mediaType, make) : Promise.reject(new Error(refusal));
    // The same promise goes to the process. This handler keeps a write that nobody awaits from ending the executor.
    work.catch((error: unknown) => this.logger.warn(`Writing the output "${outputId}" failed: ${String(error)}`));
    return work;
  }

  private refusal(outputId: string): string | undefined {
    if (this.closed) return `The output "${outputId}" was written after the execution had ended`;
    if (!Object.hasOwn(this.declared, outputId)) return `The process declares no output "${outputId}"`;
    if (this.files.has(outputId) || this.pending.has(outputId)) return `The output "${outputId}" is written twice`;
    return undefined;
  }

  private keep(outputId: string, given: string | undefined, make: (path: string) => Promise<FileFacts>): Promise<void> {
    const path = join(this.directory, outputFileName(outputId));
    const mediaType = fileMediaType(given, this.declared[outputId]);
    const work = make(path)
      .then((facts) => void this.files.set(outputId, { kind: 'file', path, ...facts, mediaType }))
      .finally(() => this.pending.delete(outputId));
    this.pending.set(outputId, work);
    return work;
  }
}
