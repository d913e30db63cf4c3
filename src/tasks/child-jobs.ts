import { Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import type { ProcessFault } from '../flows/process-fault.js';
import { StoredFiles } from '../jobs/files/stored-files.js';
import { JobFiles } from '../jobs/job-files.js';
import { JobInputs } from '../jobs/job-inputs.js';
import { admissionOf, identityOf } from '../jobs/limits/admissions.js';
import type { NewJob } from '../jobs/store/new-job.js';
import { ProcessRegistry } from '../processes/process-registry.js';

/** Violations that the message of a fault names. */
const MOST_NAMED = 5;

/** Prepares the jobs that steps start. */
@Injectable()
export class ChildJobs {
  constructor(
    private readonly registry: ProcessRegistry,
    private readonly inputs: JobInputs,
    private readonly files: JobFiles,
    private readonly stored: StoredFiles,
  ) {}

  /** @returns a job that can be accepted, its inputs validated; or what is wrong with it */
  async prepare(
    parentId: string,
    { id: processId, inputs }: { readonly id: string; readonly inputs: Readonly<Record<string, unknown>> },
  ): Promise<NewJob | ProcessFault> {
    const process = this.registry.find(processId);
    if (process === undefined) {
      return { name: 'ChildJobFailed', message: `There is no process with the id ${JSON.stringify(processId)}.` };
    }
    // Validation fills in defaults; what the caller holds stays as it is.
    const values = structuredClone(inputs) as Record<string, unknown>;
    const identity = await identityOf(process, values);
    const violations = await process.validateInputs(values);
    if (violations.length > 0) {
      const named = violations.slice(0, MOST_NAMED).map(({ pointer, detail }) => `${pointer}: ${detail}`);
      const more = violations.length > MOST_NAMED ? ` (and ${violations.length - MOST_NAMED} more)` : '';
      return {
        name: 'ChildJobFailed',
        message: `The inputs do not fit the process "${processId}": ${named.join(' ')}${more}`,
      };
    }
    const id = childId(parentId);
    const storage = this.stored.storageFor(process.policy.storage);
    const inputsToKeep = await this.inputs.store(id, values, storage);
    if (storage !== undefined && inputsToKeep.staged !== undefined) await this.files.removeInputs(id);
    return {
      id,
      processId,
      processVersion: process.description.version,
      ...inputsToKeep,
      ...(storage !== undefined && { storage }),
      response: { response: 'document', dialect: '1.0' },
      admission: admissionOf(process, { inputs: values, identity }),
    };
  }

  /** Takes back what {@link prepare} left for a job that was not accepted. */
  async discard(job: NewJob): Promise<void> {
    await this.files.remove(job.id);
    if (job.storage === undefined || job.staged === undefined) return;
    // What remains is found by the supervisor, as what no job belongs to.
    await this.stored.removeAll(job.storage, this.stored.prefixOf(job.id)).catch(() => undefined);
  }
}

/** @returns a new id, greater than that of the parent whatever the clocks of the nodes say: jobs are locked in this order */
export function childId(parentId: string): string {
  const id = uuid();
  if (id > parentId) return id;
  return uuid({ msecs: parseInt(parentId.replace('-', '').slice(0, 12), 16) + 1 });
}
