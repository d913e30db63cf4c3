import { Injectable, Logger } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { untilAvailable } from '../database/until-available.js';
import { Engine } from '../engine/engine.js';
import type { ExecutionFault, ExecutionOutcome, ProducedOutput } from '../engine/execution-unit.js';
import { JobFiles } from '../jobs/job-files.js';
import { JobInputs } from '../jobs/job-inputs.js';
import { JobCancellation } from '../jobs/store/job-cancellation.js';
import { JobCompletion, type StoredOutput } from '../jobs/store/job-completion.js';
import { JobJournal } from '../jobs/store/job-journal.js';
import { type ClaimedJob, type HeldLease, JobLeases } from '../jobs/store/job-leases.js';
import { ProcessRegistry } from '../processes/process-registry.js';
import { Dispatcher } from './dispatcher.js';
import { JournalWriter } from './journal-writer.js';
import { type Lease, LeaseKeeper } from './lease-keeper.js';

/** How a run ended on this node. `open`: the job is not finished, or somebody else finished it; its row tells. */
export type RunResult =
  | { readonly kind: 'succeeded'; readonly outputs: Readonly<Record<string, ProducedOutput>> }
  | { readonly kind: 'failed'; readonly fault: ExecutionFault }
  | { readonly kind: 'open' };

/** A job owned by this node, with its values ready for the engine. */
export interface OwnedJob extends HeldLease {
  readonly processId: string;
  readonly inputs: Record<string, unknown>;
}

/**
 * Runs one owned job from claim to end: lease, engine, journal, terminal state. The work of a finished execution is
 * kept through an outage of the database; the epoch decides whether it still counts.
 */
@Injectable()
export class JobRunner {
  private readonly logger = new Logger(JobRunner.name);

  constructor(
    private readonly registry: ProcessRegistry,
    private readonly engine: Engine,
    private readonly keeper: LeaseKeeper,
    private readonly leases: JobLeases,
    private readonly journal: JobJournal,
    private readonly completion: JobCompletion,
    private readonly cancellation: JobCancellation,
    private readonly inputs: JobInputs,
    private readonly files: JobFiles,
    private readonly dispatcher: Dispatcher,
    private readonly settings: Settings,
  ) {}

  /** Runs a job that this node has claimed from the queue. */
  async runClaimed(job: ClaimedJob): Promise<RunResult> {
    const lease = this.keeper.hold(job);
    try {
      let inputs: Record<string, unknown>;
      try {
        inputs = await this.inputs.load(job);
      } catch (error) {
        return await this.failUnexpectedly(lease, error, 'The inputs of the job cannot be read any more.');
      }
      return await this.runUnder(lease, { ...job, processId: job.process_id, inputs });
    } finally {
      lease.release();
    }
  }

  /** Runs a job that was accepted as running on this node. */
  async runHere(job: OwnedJob): Promise<RunResult> {
    const lease = this.keeper.hold(job);
    try {
      return await this.runUnder(lease, job);
    } finally {
      lease.release();
    }
  }

  private async runUnder(lease: Lease, job: OwnedJob): Promise<RunResult> {
    try {
      return await this.runToEnd(lease, job);
    } catch (error) {
      return await this.failUnexpectedly(lease, error, 'The service ran into an unexpected error.');
    }
  }

  private async runToEnd(lease: Lease, job: OwnedJob): Promise<RunResult> {
    const process = this.registry.find(job.processId);
    if (process === undefined) {
      const detail = `This worker does not know the process "${job.processId}".`;
      return await this.fail(lease, 'Failed', { code: 'no-such-process', detail });
    }
    const journal = new JournalWriter(this.journal, lease, lease.signal);
    const unit = {
      jobId: job.id,
      processId: job.processId,
      inputs: job.inputs,
      timeout: process.policy.timeout ?? this.settings.JOB_TIMEOUT,
      directory: this.files.attempt(job.id, job.epoch),
    };
    const outcome = await this.engine.run(unit, journal, lease.signal);
    await journal.close();
    return await this.conclude(lease, outcome);
  }

  private async conclude(lease: Lease, outcome: ExecutionOutcome): Promise<RunResult> {
    switch (outcome.kind) {
      case 'succeeded': {
        const outputs = this.storedOutputs(outcome.outputs);
        const ours = await untilAvailable(() => this.completion.succeed(lease, outputs));
        return ours ? outcome : await this.giveUp(lease);
      }
      case 'failed':
        return await this.fail(lease, 'Failed', outcome.fault);
      case 'timed-out':
        return await this.fail(lease, 'TimedOut', outcome.fault);
      case 'crashed':
        return await this.crash(lease, outcome.fault);
      case 'cancelled':
        return await this.giveUp(lease);
    }
  }

  private async fail(lease: Lease, stateName: 'Failed' | 'TimedOut', fault: ExecutionFault): Promise<RunResult> {
    const ours = await untilAvailable(() => this.completion.fail(lease, stateName, fault));
    if (!ours) return await this.giveUp(lease);
    await this.files.removeAttempt(lease.id, lease.epoch);
    return { kind: 'failed', fault };
  }

  /** What only the operator can make sense of: the log has the stack, the client a plain sentence. */
  private async failUnexpectedly(lease: Lease, error: unknown, detail: string): Promise<RunResult> {
    this.logger.error(`Job ${lease.id} could not be run to its end: ${(error as Error).stack ?? String(error)}`);
    return await this.fail(lease, 'Failed', { code: 'internal', detail });
  }

  private async crash(lease: Lease, fault: ExecutionFault): Promise<RunResult> {
    const recovery = await untilAvailable(() => this.completion.crash(lease, fault));
    if (recovery === undefined) return await this.giveUp(lease);
    await this.files.removeAttempt(lease.id, lease.epoch);
    if (recovery.state_type === 'CRASHED') return { kind: 'failed', fault };
    this.logger.warn(`Job ${lease.id} lost its executor and waits for another: ${fault.detail}`);
    this.dispatcher.dispatch(recovery);
    return { kind: 'open' };
  }

  /** The job stopped without a result, or its result came too late. Says so to the row, whoever owns it now. */
  private async giveUp(lease: Lease): Promise<RunResult> {
    if (lease.reason === 'shutdown') {
      const back = await untilAvailable(() => this.leases.handBack(lease, 'the worker shut down'));
      if (back !== undefined) this.dispatcher.dispatch(back);
    }
    await untilAvailable(() => this.cancellation.confirm(lease));
    await this.files.removeAttempt(lease.id, lease.epoch);
    return { kind: 'open' };
  }

  private storedOutputs(outputs: Readonly<Record<string, ProducedOutput>>): StoredOutput[] {
    return Object.entries(outputs).map(([id, output]) =>
      output.kind === 'value'
        ? { id, mediaType: output.mediaType, value: output.value }
        : {
            id,
            mediaType: output.mediaType,
            file: this.files.stored(output.path),
            size: output.size,
            sha256: output.sha256,
          },
    );
  }
}
