import { join } from 'node:path';
import { isMediaType } from '../ogc/media-type.js';
import type { Violation } from '../ogc/problems/domain-error.js';
import type { JobLogger, JobOutputs, OutputContent } from '../processes/job-context.js';
import type { OutputDescription } from '../processes/process-description.js';
import { pointerPart } from '../processes/validation/violation-writer.js';
import type { ProducedOutput } from './execution-unit.js';
import { adoptFile, outputFileName, writeFileOnce, type FileFacts } from './output-file.js';
import { fileMediaType } from './output-media-type.js';

export type FileOutput = Extract<ProducedOutput, { kind: 'file' }>;

/** What a process is told when it writes an output under a text that is no media type. */
export class MediaTypeRefusal extends TypeError {
  override readonly name = 'MediaTypeRefusal';

  constructor(readonly violation: Violation) {
    super(`${violation.pointer} ${violation.detail}`);
  }
}

/** @returns undefined when the type may stand in a header and in a column */
export function mediaTypeViolation(outputId: string, mediaType: unknown): Violation | undefined {
  if (isMediaType(mediaType)) return undefined;
  const detail = 'has no valid media type: it must be type/subtype with parameters, at most 255 characters';
  return { pointer: `/outputs/${pointerPart(outputId)}`, detail };
}

/** `context.outputs` of one execution: takes what the process writes, and knows afterwards what was written. */
export class WrittenOutputs implements JobOutputs {
  readonly files = new Map<string, FileOutput>();
  private readonly pending = new Map<string, Promise<void>>();
  private readonly refused = new Map<string, Violation>();
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

  /**
   * The outputs that were refused for their media type and not given otherwise since.
   * @param returned ids of the outputs returned as values
   */
  refusals(returned: readonly string[]): Violation[] {
    return [...this.refused].flatMap(([id, violation]) =>
      this.files.has(id) || returned.includes(id) ? [] : [violation],
    );
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
    const refusal = this.refusal(outputId, mediaType);
    const work = refusal === undefined ? this.keep(outputId, mediaType, make) : Promise.reject(refusal);
    // The same promise goes to the process. This handler keeps a write that nobody awaits from ending the executor.
    work.catch((error: unknown) => this.logger.warn(`Writing the output "${outputId}" failed: ${String(error)}`));
    return work;
  }

  private refusal(outputId: string, given: string | undefined): Error | undefined {
    if (this.closed) return new Error(`The output "${outputId}" was written after the execution had ended`);
    if (!Object.hasOwn(this.declared, outputId)) return new Error(`The process declares no output "${outputId}"`);
    if (this.files.has(outputId) || this.pending.has(outputId))
      return new Error(`The output "${outputId}" is written twice`);
    const violation = mediaTypeViolation(outputId, fileMediaType(given, this.declared[outputId]));
    if (violation === undefined) return undefined;
    this.refused.set(outputId, violation);
    return new MediaTypeRefusal(violation);
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
