import type { ProducedOutput } from '../engine/execution-unit.js';
import { LocalBytes } from '../jobs/files/stored-bytes.js';
import type { JobStatusRow } from '../jobs/store/job-row.js';
import type { DomainError } from '../ogc/problems/domain-error.js';
import type { ResultOutput } from './results/result-output.js';

/** What an execution led to. */
export type ExecutionResult =
  | { readonly kind: 'job'; readonly job: JobStatusRow }
  | {
      readonly kind: 'results';
      readonly outputs: readonly ResultOutput[];
      /** The job that was kept. */
      readonly jobId?: string;
      /** Without a job, and with files: whose they are, to be removed once they are sent. */
      readonly discard?: string;
    }
  /** A synchronous execution that failed and left a job. */
  | { readonly kind: 'failed'; readonly error: DomainError; readonly jobId: string };

/** Outputs as the engine produced them, under their ids. */
export function withIds(outputs: Readonly<Record<string, ProducedOutput>>): ResultOutput[] {
  return Object.keys(outputs).map((id) => {
    const output = outputs[id];
    const { mediaType } = output;
    if (output.kind === 'value') return { id, kind: 'value', value: output.value, mediaType };
    const { path, size, sha256 } = output;
    return { id, kind: 'file', bytes: new LocalBytes(path), size, sha256, mediaType };
  });
}
