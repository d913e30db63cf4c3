import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { StepOutput } from '../flows/step-journal.js';
import { isMediaType } from '../ogc/media-type.js';
import type { Violation } from '../ogc/problems/domain-error.js';
import type { JobLogger, JobOutputs, OutputContent } from '../processes/job-context.js';
import type { OutputDescription } from '../processes/process-description.js';
import { pointerPart } from '../ogc/json-pointer.js';
import type { ProducedOutput } from './execution-unit.js';
import { adoptFile, outputFileName, writeFileOnce, type FileFacts } from './output-file.js';
import { fileMediaType } from './output-media-type.js';
import type { Stop } from './time-limit.js';

/** An output whose content is a file. */
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

/** A write under way. */
interface PendingWrite {
  readonly done: Promise<void>;
  readonly stop: AbortController;
}

/** `context.outputs` of one execution: takes what the process writes, and knows afterwards what was written. */
export class WrittenOutputs implements JobOutputs {
  readonly files = new Map<string, FileOutput>();
  /** Outputs that a step on record names: whoever reads the record later needs their files. */
  private readonly recorded = new Set<string>();
  private readonly pending = new Map<string, PendingWrite>();
  private readonly refused = new Map<string, Violation>();
  private closed = false;

  /**
   * @param directory absolute; made when the first output is written
   * @param declared the outputs of the description; no other is accepted
   * @param stop its signal stops writing when aborted
   */
  constructor(
    private readonly directory: string,
    private readonly declared: Readonly<Record<string, OutputDescription>>,
    private readonly stop: Stop,
    private readonly logger: JobLogger,
  ) {}

  write(outputId: string, content: OutputContent, options?: { mediaType?: string }): Promise<void> {
    return this.take(outputId, options?.mediaType, (path, signal) => writeFileOnce(path, content, signal));
  }

  file(outputId: string, path: string, options?: { mediaType?: string }): Promise<void> {
    return this.take(outputId, options?.mediaType, (target, signal) => adoptFile(path, target, signal));
  }

  /** Waits for writes the process did not await. @throws what such a write failed with */
  async finish(): Promise<void> {
    await Promise.all([...this.pending.values()].map(({ done }) => done));
  }

  /** The outputs in the form in which a step keeps them, of those that are written in full. */
  records(outputIds: readonly string[]): StepOutput[] {
    return outputIds.flatMap((id) => {
      const file = this.files.get(id);
      if (file === undefined) return [];
      this.recorded.add(id);
      const { path, size, sha256, mediaType } = file;
      return { id, path, size, sha256, mediaType };
    });
  }

  /** Takes the outputs of a step that is not run again: they count as written. */
  restore(outputs: readonly StepOutput[]): void {
    for (const { id, ...file } of outputs) {
      this.files.set(id, { kind: 'file', ...file });
      this.recorded.add(id);
    }
  }

  /**
   * Forgets outputs of an attempt that failed, so that the next one may write them. Writes under way are ended; a file
   * that a step on record names stays.
   */
  async withdraw(outputIds: readonly string[]): Promise<void> {
    for (const id of outputIds) {
      const pending = this.pending.get(id);
      pending?.stop.abort();
      await pending?.done.catch(() => undefined);
      const file = this.files.get(id);
      this.files.delete(id);
      if (file !== undefined && this.isOwn(id)) await rm(file.path, { force: true });
    }
  }

  /** Whether nobody but this execution has use for the file of an output. */
  isOwn(outputId: string): boolean {
    return !this.recorded.has(outputId);
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
    make: (path: string, signal: AbortSignal) => Promise<FileFacts>,
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

  private keep(
    outputId: string,
    given: string | undefined,
    make: (path: string, signal: AbortSignal) => Promise<FileFacts>,
  ): Promise<void> {
    const path = join(this.directory, outputFileName(outputId));
    const mediaType = fileMediaType(given, this.declared[outputId]);
    const stop = new AbortController();
    const done = make(path, AbortSignal.any([this.stop.signal, stop.signal]))
      .then((facts) => void this.files.set(outputId, { kind: 'file', path, ...facts, mediaType }))
      .finally(() => this.pending.delete(outputId));
    this.pending.set(outputId, { done, stop });
    return done;
  }
}
