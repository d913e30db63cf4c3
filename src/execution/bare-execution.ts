import { Injectable } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { Engine } from '../engine/engine.js';
import type { ExecutionObserver } from '../engine/execution-unit.js';
import type { StopSignal } from '../engine/time-limit.js';
import { StoredFiles } from '../jobs/files/stored-files.js';
import { JobFiles } from '../jobs/job-files.js';
import { DomainError } from '../ogc/problems/domain-error.js';
import type { PreparedExecution } from './execution-preparation.js';
import { type ExecutionResult, withIds } from './execution-result.js';
import { faultError } from './job-results.js';

const SILENT: ExecutionObserver = { progress: () => undefined, log: () => undefined };

/** Executions that leave no job: the fast path, without a row or a queue. */
@Injectable()
export class BareExecution {
  constructor(
    private readonly engine: Engine,
    private readonly files: JobFiles,
    private readonly stored: StoredFiles,
    private readonly settings: Settings,
  ) {}

  /** @throws DomainError that says why the execution failed */
  async run({ jobId, process, inputs }: PreparedExecution, client: StopSignal): Promise<ExecutionResult> {
    const storage = this.stored.storageFor(process.policy.storage);
    const unit = {
      jobId,
      processId: process.description.id,
      inputs,
      timeout: process.policy.timeout ?? this.settings.JOB_TIMEOUT,
      directory: this.files.attempt(jobId, 1),
      ...(storage !== undefined && { storage }),
    };
    const outcome = await this.engine.run(unit, SILENT, client);
    if (outcome.kind === 'succeeded') return { kind: 'results', outputs: withIds(outcome.outputs), discard: jobId };
    await this.files.remove(jobId);
    if (outcome.kind === 'cancelled') throw new DomainError('job-dismissed', 'The execution was cancelled.');
    throw faultError(outcome.fault);
  }
}
