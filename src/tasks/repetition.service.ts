import { Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { StoredFiles } from '../jobs/files/stored-files.js';
import { JobFiles } from '../jobs/job-files.js';
import { isTerminal } from '../jobs/job-state.js';
import type { StagedInputs } from '../jobs/job.types.js';
import { type JobDetailRow, JobReader, noSuchJob } from '../jobs/store/job-reader.js';
import { DomainError } from '../ogc/problems/domain-error.js';
import { isFileGone } from '../storage/storage-unavailable.js';
import { ProcessRegistry } from '../processes/process-registry.js';
import { JobRepetitions, type RepeatableJob, type RepeatableStep, type Takeover } from './store/job-repetitions.js';

/** From where on a job is repeated: from what failed, from its beginning, or from a certain step. */
export type RepetitionStart =
  { readonly from: 'failure' } | { readonly from: 'start' } | { readonly from: 'task'; readonly task: string };

/**
 * Repeats finished jobs. A terminal status never changes (promise P5), so a repetition is a new job, which takes over
 * what the old one remembers: the results of steps, and their files and those among the inputs, as hard links or copies.
 */
@Injectable()
export class RepetitionService {
  constructor(
    private readonly reader: JobReader,
    private readonly repetitions: JobRepetitions,
    private readonly registry: ProcessRegistry,
    private readonly files: JobFiles,
    private readonly stored: StoredFiles,
  ) {}

  /**
   * @returns the new job
   * @throws DomainError `no-such-job`, `job-not-ended`, `job-not-failed`, `no-such-task`
   */
  async repeat(jobId: string, start: RepetitionStart): Promise<JobDetailRow> {
    const { id: oldId } = await this.reader.get(jobId);
    const old = await this.repetitions.find(oldId);
    if (old === undefined) throw noSuchJob(jobId);
    requireRepeatable(old, start);
    const kept = await this.kept(old.id, start);
    const id = uuid();
    try {
      const storage = this.stored.storageFor(this.registry.find(old.process_id)?.policy.storage);
      const steps = await this.takeOver(id, kept, storage);
      const staged = await this.stagedFor(id, old.staged, storage);
      const version = this.versionOf(old, start);
      const next = { id, version, staged, steps, storage: storage ?? null };
      if (!(await this.repetitions.repeat(old.id, next))) throw noSuchJob(jobId);
    } catch (error) {
      await this.files.remove(id);
      throw error;
    }
    return await this.reader.get(id);
  }

  private async kept(jobId: string, start: RepetitionStart): Promise<RepeatableStep[]> {
    if (start.from === 'start') return [];
    const steps = await this.repetitions.steps(jobId);
    const completed = steps.filter(({ state_type: state }) => state === 'COMPLETED');
    if (start.from === 'failure') return completed;
    const first = steps.find(({ key }) => key === start.task);
    if (first === undefined) {
      throw new DomainError(
        'no-such-task',
        `The job has no step with the key ${JSON.stringify(start.task)}; /jobs/${jobId}/tasks lists those that there are.`,
      );
    }
    // A task around the step has to run again for the step to be called; its result would be taken instead.
    const around = new Set<string>();
    const byKey = new Map(steps.map((step) => [step.key, step]));
    for (let { parent } = first; parent !== null && !around.has(parent); parent = byKey.get(parent)?.parent ?? null) {
      around.add(parent);
    }
    return completed.filter(({ key, seq }) => seq < first.seq && !around.has(key));
  }

  /** Steps whose files are gone run again. */
  private async takeOver(
    jobId: string,
    steps: readonly RepeatableStep[],
    storage: string | undefined,
  ): Promise<Takeover[]> {
    const taken: Takeover[] = [];
    for (const [index, { key, outputs }] of steps.entries()) {
      try {
        const place = ['taken', String(index)];
        const links = (outputs ?? []).map(async (output) => {
          return { ...output, path: await this.stored.share(output.path, jobId, storage, ...place) };
        });
        taken.push({ key, outputs: outputs === null ? null : await Promise.all(links) });
      } catch (error) {
        if (!isFileGone(error)) throw error;
      }
    }
    return taken;
  }

  private async stagedFor(
    jobId: string,
    staged: StagedInputs | null,
    storage: string | undefined,
  ): Promise<StagedInputs | null> {
    if (staged === null) return null;
    const share = (path: string) => this.stored.share(path, jobId, storage, 'inputs');
    const files = await Promise.all(
      Object.entries(staged.files ?? {}).map(async ([place, file]) => [
        place,
        { ...file, path: await share(file.path) },
      ]),
    );
    return {
      ...(staged.document !== undefined && { document: await share(staged.document) }),
      ...(staged.files !== undefined && { files: Object.fromEntries(files) as StagedInputs['files'] }),
    };
  }

  /** Remembered steps fit the version that made them; a job from scratch is one of today. */
  private versionOf(old: RepeatableJob, { from }: RepetitionStart): string {
    const current = this.registry.find(old.process_id)?.description.version;
    return from === 'start' && current !== undefined ? current : old.process_version;
  }
}

function requireRepeatable({ state_type: state }: RepeatableJob, { from }: RepetitionStart): void {
  if (!isTerminal(state)) {
    throw new DomainError('job-not-ended', 'Only a job that has ended can be repeated; dismiss it first, or wait.');
  }
  if (state === 'COMPLETED' && from === 'failure') {
    throw new DomainError(
      'job-not-failed',
      'The job was successful, so nothing failed that could be repeated. Repeat it from the start, or from a step.',
    );
  }
}
