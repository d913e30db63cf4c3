import { Injectable, Logger } from '@nestjs/common';
import { BlockInputs, type ResolvedInputs } from '../blocks/block-inputs.js';
import { Settings } from '../config/settings.js';
import { untilAvailable } from '../database/until-available.js';
import { Engine } from '../engine/engine.js';
import {
  type ExecutionFault,
  type ExecutionOutcome,
  type ExecutionUnit,
  warningLine,
} from '../engine/execution-unit.js';
import type { ProcessFault } from '../flows/process-fault.js';
import type { RemoteArguments } from '../flows/step-journal.js';
import type { RunFiles } from '../jobs/files/run-files.js';
import { StoredFiles } from '../jobs/files/stored-files.js';
import { JobFiles } from '../jobs/job-files.js';
import { JobInputs } from '../jobs/job-inputs.js';
import { JobJournal } from '../jobs/store/job-journal.js';
import { DomainError } from '../ogc/problems/domain-error.js';
import { ProcessRegistry } from '../processes/process-registry.js';
import { JobStepsFactory } from '../tasks/job-steps.factory.js';
import { type ClaimedTask, TaskClaims } from '../tasks/store/task-claims.js';
import type { TaskRunSteps } from '../tasks/task-run-steps.js';
import { JournalWriter } from './journal-writer.js';
import { type Lease, LeaseKeeper } from './lease-keeper.js';
import { NodeIdentity } from './node-identity.js';
import { RunPlaces } from './run-places.js';

/** How errors are called whose kind is told to clients by a code. */
const NAMES: Partial<Record<ExecutionFault['code'], string>> = {
  'non-determinism': 'NonDeterminismError',
  'process-rejected': 'ProcessRejection',
  'storage-unavailable': 'StorageUnavailableError',
};

/**
 * Runs one task of a distributed flow that this node has claimed, from claim to end: lease, engine, journal, and what
 * follows when the task did not come to an end of its own.
 */
@Injectable()
export class TaskRunner {
  private readonly logger = new Logger(TaskRunner.name);

  constructor(
    private readonly registry: ProcessRegistry,
    private readonly engine: Engine,
    private readonly keeper: LeaseKeeper,
    private readonly claims: TaskClaims,
    private readonly journal: JobJournal,
    private readonly steps: JobStepsFactory,
    private readonly inputs: JobInputs,
    private readonly blocks: BlockInputs,
    private readonly files: JobFiles,
    private readonly stored: StoredFiles,
    private readonly node: NodeIdentity,
    private readonly places: RunPlaces,
    private readonly settings: Settings,
  ) {}

  async run(task: ClaimedTask): Promise<void> {
    const lease = this.keeper.hold(task);
    const journal = new JournalWriter(this.journal, lease);
    const tell = (message: string) => journal.log(warningLine(message));
    const directory = this.files.taskAttempt(task.id, task.task, task.epoch);
    const files = this.stored.ofRun(task.storage, directory, { signal: lease.signal, tell });
    const steps = this.steps.openTask(task, files, this.node.id, lease, journal);
    try {
      const outcome = await this.outcomeOf(task, lease, files, journal, steps);
      await journal.flush();
      if (!steps.isConcluded) {
        await this.conclude(task, lease, steps, outcome);
        await untilAvailable(() => this.claims.release(task));
      }
      await steps.left();
      // What is kept lies in DATA_DIR or has a copy in a storage.
      if (!steps.hasFiles || files.storage !== undefined) {
        await this.files.removeTaskAttempt(task.id, task.task, task.epoch);
      }
    } finally {
      lease.release();
    }
  }

  private async outcomeOf(
    task: ClaimedTask,
    lease: Lease,
    files: RunFiles,
    journal: JournalWriter,
    steps: TaskRunSteps,
  ): Promise<ExecutionOutcome> {
    try {
      const referring = await this.inputs.load(task, files);
      const process = this.registry.get(task.process_id);
      const inputs = await untilAvailable(() => this.blocks.resolve(process, referring), lease.signal);
      const unit = this.unitOf({ ...task, arguments: await argumentsHere(task.arguments, files) }, inputs);
      return await this.places.run(unit.processId, () => this.engine.run(unit, journal, lease, steps));
    } catch (error) {
      if (lease.aborted) return { kind: 'cancelled' };
      if (error instanceof DomainError) return { kind: 'failed', fault: { code: error.code, detail: error.message } };
      this.logger.error(`A task of job ${task.id} could not be run: ${(error as Error).stack}`);
      return { kind: 'failed', fault: { code: 'internal', detail: 'The service could not run the task.' } };
    }
  }

  private unitOf(task: ClaimedTask, { values: inputs, secrets }: ResolvedInputs): ExecutionUnit {
    const timeLimit = this.registry.get(task.process_id).policy.timeout ?? this.settings.JOB_TIMEOUT;
    const { id: jobId, task: key, name, input_hash: inputHash } = task;
    return {
      jobId,
      processId: task.process_id,
      task: { key, name, inputHash, arguments: task.arguments },
      inputs,
      secrets,
      timeout: Math.max(1, timeLimit - task.ran_ms),
      timeLimit,
      directory: this.files.taskAttempt(jobId, key, task.epoch),
      ...(task.storage !== null && { storage: task.storage }),
    };
  }

  /** What follows is decided by the row where this node has lost the task, or its job has ended. */
  private async conclude(
    task: ClaimedTask,
    lease: Lease,
    steps: TaskRunSteps,
    outcome: ExecutionOutcome,
  ): Promise<void> {
    switch (outcome.kind) {
      case 'suspended':
        if (!(await untilAvailable(() => this.claims.suspend(task, steps.isCutShort)))) lease.refuse();
        return;
      case 'timed-out':
        await untilAvailable(() => this.claims.exceed(task, faultOf(outcome.fault)));
        return;
      case 'crashed':
        await this.crash(task, outcome.fault);
        return;
      case 'cancelled':
        if (lease.stopReason === 'shutdown') await untilAvailable(() => this.claims.handBack(task));
        return;
      case 'failed':
        // What the service could not do, another worker may.
        if (outcome.fault.code === 'internal') await this.crash(task, outcome.fault);
        else await steps.fail(faultOf(outcome.fault));
        return;
      case 'succeeded':
        // Its end could not be put on record, since the claim is not this node's any more.
        lease.refuse();
        return;
    }
  }

  private async crash(task: ClaimedTask, fault: ExecutionFault): Promise<void> {
    this.logger.warn(`The task "${task.task}" of job ${task.id} lost its executor: ${fault.detail}`);
    await untilAvailable(() => this.claims.crash(task, faultOf(fault)));
  }
}

/** The arguments with the paths of files that another worker handed over by their locations. */
async function argumentsHere({ values, marks }: RemoteArguments, files: RunFiles): Promise<RemoteArguments> {
  if (marks === undefined) return { values };
  const here = marks.map(async (mark) => (mark.is === 'file' ? { ...mark, path: await files.fetch(mark.path) } : mark));
  return { values, marks: await Promise.all(here) };
}

function faultOf({ code, detail }: ExecutionFault): ProcessFault {
  return { name: NAMES[code] ?? 'Error', message: detail };
}
