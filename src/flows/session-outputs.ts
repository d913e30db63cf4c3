import type { JobOutputs, OutputContent } from '../processes/job-context.js';
import type { StepOutput } from './step-journal.js';
import type { StepPlace } from './step-run.js';

/** What the engine does with the outputs of an execution that steps write as files. */
export interface OutputRecords {
  /** The outputs with these ids, written in full. */
  takeOutputs(ids: readonly string[]): Promise<readonly StepOutput[]> | readonly StepOutput[];
  /** Outputs of a step that is not run again become outputs of this execution. */
  restoreOutputs(outputs: readonly StepOutput[]): Promise<void> | void;
  /** The attempt that wrote these outputs has failed: they are not outputs any more, and may be written again. */
  discardOutputs(ids: readonly string[]): Promise<void> | void;
}

/** `context.outputs`, which notes in which step an output was written. */
export class SessionOutputs implements JobOutputs {
  constructor(
    private readonly outputs: JobOutputs,
    private readonly place: () => StepPlace,
  ) {}

  write(outputId: string, content: OutputContent, options?: { mediaType?: string }): Promise<void> {
    return this.note(outputId, this.outputs.write(outputId, content, options));
  }

  file(outputId: string, path: string, options?: { mediaType?: string }): Promise<void> {
    return this.note(outputId, this.outputs.file(outputId, path, options));
  }

  private note(outputId: string, writing: Promise<void>): Promise<void> {
    const place = this.place();
    const noted = writing.then(() => void place.outputs.add(outputId));
    place.writes.add(noted);
    const forget = () => void place.writes.delete(noted);
    noted.then(forget, () => undefined);
    return noted;
  }
}
