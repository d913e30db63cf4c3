import { Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { BlockInputs, type ResolvedInputs } from '../blocks/block-inputs.js';
import { Settings } from '../config/settings.js';
import { Engine } from '../engine/engine.js';
import type { ExecutionObserver, ExecutionUnit } from '../engine/execution-unit.js';
import type { StopSignal } from '../engine/time-limit.js';
import { StoredFiles } from '../jobs/files/stored-files.js';
import { JobFiles } from '../jobs/job-files.js';
import { DomainError } from '../ogc/problems/domain-error.js';
import type { RegisteredProcess } from '../processes/registered-process.js';
import type { PreparedExecution } from './execution-preparation.js';
import { type ExecutionResult, withIds } from './execution-result.js';
import { faultError } from './job-results.js';
import { RETRY_AFTER_SHUTDOWN, ShutdownGrace } from './shutdown-grace.js';

const SILENT: ExecutionObserver = { progress: () => undefined, log: () => undefined };

/**
 * Executions that leave no job: the fast path, without a row or a queue. There is nobody that they could be handed to when
 * the service shuts down; they are stopped when its grace time is over.
 */
@Injectable()
export class BareExecution {
  constructor(
    private readonly engine: Engine,
    private readonly files: JobFiles,
    private readonly stored: StoredFiles,
    private readonly blocks: BlockInputs,
    private readonly grace: ShutdownGrace,
    private readonly settings: Settings,
  ) {}

  /** @throws DomainError that says why the execution failed */
  async run({ jobId, process, inputs: given }: PreparedExecution, client: StopSignal): Promise<ExecutionResult> {
    const { values: inputs, secrets }: ResolvedInputs =
      process.blockInputs === undefined ? { values: given } : await this.resolved(jobId, process, given);
    const { id } = process.description;
    const directory = this.files.attempt(jobId, 1);
    const unit = { jobId, processId: id, inputs, secrets, timeout: this.timeoutOf(process), directory };
    const storage = this.storageOf(process);
    return await this.runUnit(storage === undefined ? unit : { ...unit, storage }, client);
  }

  /** As {@link run}, of a process of isolation `inline`; what nobody asks for is not made. */
  runInline(process: RegisteredProcess, inputs: Record<string, unknown>, client: StopSignal): Promise<ExecutionResult> {
    return this.runUnit(
      new UnnamedUnit(process, inputs, this.timeoutOf(process), this.files, this.storageOf(process)),
      client,
    );
  }

  private async resolved(jobId: string, process: RegisteredProcess, inputs: Record<string, unknown>) {
    try {
      return await this.blocks.resolve(process, inputs);
    } catch (error) {
      await this.files.remove(jobId);
      throw error;
    }
  }

  private storageOf({ policy }: RegisteredProcess): string | undefined {
    return this.stored.storageFor(policy.storage);
  }

  private timeoutOf({ policy }: RegisteredProcess): number {
    return policy.timeout ?? this.settings.JOB_TIMEOUT;
  }

  private async runUnit(unit: ExecutionUnit, client: StopSignal): Promise<ExecutionResult> {
    const outcome = await this.engine.run(unit, SILENT, new FirstStop(client, this.grace.signal));
    if (outcome.kind === 'succeeded') {
      const outputs = withIds(outcome.outputs);
      return {
        kind: 'results',
        outputs,
        discard: outputs.some(({ kind }) => kind === 'file') ? unit.jobId : undefined,
      };
    }
    await this.files.remove(unit.jobId);
    if (outcome.kind !== 'cancelled') throw faultError(outcome.fault);
    if (client.aborted || !this.grace.signal.aborted) {
      throw new DomainError('job-dismissed', 'The execution was cancelled.');
    }
    const detail = 'The service shuts down, and the execution took longer than it could wait.';
    throw new DomainError('shutting-down', detail, { retryAfter: RETRY_AFTER_SHUTDOWN });
  }
}

/** Stops at the first of two reasons. */
class FirstStop implements StopSignal {
  constructor(
    private readonly one: StopSignal,
    private readonly other: StopSignal,
  ) {}

  get aborted(): boolean {
    return this.one.aborted || this.other.aborted;
  }

  get reason(): Error {
    return this.one.aborted ? this.one.reason : this.other.reason;
  }

  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void {
    for (const stop of [this.one, this.other]) stop.addEventListener(type, listener, options);
  }

  removeEventListener(type: 'abort', listener: () => void): void {
    for (const stop of [this.one, this.other]) stop.removeEventListener(type, listener);
  }
}

/** A unit that gets an id, and with it a directory, when it is asked for one. */
class UnnamedUnit implements ExecutionUnit {
  readonly processId: string;
  private name?: string;

  constructor(
    process: RegisteredProcess,
    readonly inputs: Record<string, unknown>,
    readonly timeout: number,
    private readonly files: JobFiles,
    readonly storage: string | undefined,
  ) {
    this.processId = process.description.id;
  }

  get jobId(): string {
    return (this.name ??= uuid());
  }

  get directory(): string {
    return this.files.attempt(this.jobId, 1);
  }
}
