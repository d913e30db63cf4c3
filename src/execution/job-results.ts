import { Injectable } from '@nestjs/common';
import type { ExecutionFault } from '../engine/execution-unit.js';
import { StoredFiles } from '../jobs/files/stored-files.js';
import { isTerminal, stateInWords } from '../jobs/job-state.js';
import { DISMISSED } from '../jobs/store/job-cancellation.js';
import { type JobDetailRow, type JobOutputRow, JobReader } from '../jobs/store/job-reader.js';
import type { StoredOutput } from '../jobs/store/job-completion.js';
import type { JobStatusRow } from '../jobs/store/job-row.js';
import { DomainError } from '../ogc/problems/domain-error.js';
import type { ResultOutput } from './results/result-output.js';

/** The results of jobs, read from their rows. */
@Injectable()
export class JobResults {
  constructor(
    private readonly reader: JobReader,
    private readonly files: StoredFiles,
  ) {}

  /**
   * @throws DomainError `result-not-ready` while the job is unfinished; `job-dismissed`; `results-expired`; for a failed job the error
   *   that its failure stands for (OGC 18-062r2 /req/core/job-results-failed)
   */
  async of(job: JobStatusRow & Partial<Pick<JobDetailRow, 'results_expired'>>): Promise<ResultOutput[]> {
    if (!isTerminal(job.state_type)) {
      throw new DomainError(
        'result-not-ready',
        `The job is ${stateInWords(job.state_name)}; ask again when it has ended.`,
      );
    }
    if (job.state_type === 'CANCELLED') {
      const { message } = job;
      const detail = message === null || message === DISMISSED ? `${DISMISSED}; it has no results.` : message;
      throw new DomainError('job-dismissed', detail, { jobId: job.id });
    }
    if (job.state_type !== 'COMPLETED') throw faultError(job.fault, job.id);
    if (job.results_expired === true) {
      throw new DomainError(
        'results-expired',
        'The results of the job had their time and were removed; execute the process again.',
        { jobId: job.id },
      );
    }
    return (await this.reader.outputs(job.id)).map((row) => this.output(row));
  }

  /** What a run on this node has just put on record. */
  recorded(outputs: readonly StoredOutput[]): ResultOutput[] {
    return outputs.map(({ id, mediaType, ...kept }) => {
      if ('value' in kept) return { id, kind: 'value', value: kept.value, mediaType };
      const { file: location, size, sha256 } = kept;
      return { id, kind: 'file', location, bytes: this.files.bytesOf(location), size, sha256, mediaType };
    });
  }

  private output({ output_id: id, value, file, media_type: mediaType, size, sha256 }: JobOutputRow): ResultOutput {
    if (file === null) return { id, kind: 'value', value, mediaType };
    const facts = { size: Number(size), sha256: sha256!, mediaType };
    return { id, kind: 'file', location: file, bytes: this.files.bytesOf(file), ...facts };
  }
}

/** The error a client gets for an execution that failed. @param jobId the job that was kept */
export function faultError(fault: ExecutionFault | null, jobId?: string): DomainError {
  if (fault === null) return new DomainError('job-failed', 'The execution failed.', { jobId });
  return new DomainError(fault.code, fault.detail, { errors: fault.errors, jobId });
}
