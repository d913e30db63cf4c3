import { Injectable, Logger } from '@nestjs/common';
import { untilAvailable } from '../database/until-available.js';
import type { ExecutionFault, ExecutionOutcome, ProducedOutput } from '../engine/execution-unit.js';
import type { RunFiles } from '../jobs/files/run-files.js';
import { StoredFiles } from '../jobs/files/stored-files.js';
import { JobFiles } from '../jobs/job-files.js';
import { DomainError } from '../ogc/problems/domain-error.js';
import { JobCancellation } from '../jobs/store/job-cancellation.js';
import { type FailedState, JobCompletion, type StoredOutput } from '../jobs/store/job-completion.js';
import { JobLeases } from '../jobs/store/job-leases.js';
import { JobSuspension } from '../tasks/store/job-suspension.js';
import { Dispatcher } from './dispatcher.js';
import type { Lease } from './lease-keeper.js';

/** How a run ended on this node. `open`: the job is not finished, or somebody else finished it; its row tells. */
export type RunResult =
  | { readonly kind: 'succeeded'; readonly outputs: readonly StoredOutput[] }
  | { readonly kind: 'failed'; readonly fault: ExecutionFault }
  | { readonly kind: 'open' };

/** A run of a job on this node. */
export interface EndingRun {
  readonly lease: Lease;
  readonly files: RunFiles;
  /** Whether the files of the run belong to the record of its steps, and are kept however it ended. */
  readonly hasFiles: boolean;
  /** How many signals to the job the run has seen, see `JobSuspension.suspend`. */
  readonly signals?: number;
  /** Whether the outcome is that of a task that has used up its budget for crashes. */
  readonly isGivenUp?: boolean;
}

/** Writes how a run ended: the end of the job, or that it goes on later. */
@Injectable()
export class JobConclusion {
  private readonly logger = new Logger(JobConclusion.name);

  constructor(
    private readonly leases: JobLeases,
    private readonly completion: JobCompletion,
    private readonly cancellation: JobCancellation,
    private readonly suspension: JobSuspension,
    private readonly files: JobFiles,
    private readonly stored: StoredFiles,
    private readonly dispatcher: Dispatcher,
  ) {}

  conclude(run: EndingRun, outcome: ExecutionOutcome): Promise<RunResult> {
    switch (outcome.kind) {
      case 'succeeded':
        return this.succeed(run, outcome.outputs);
      case 'failed':
        return outcome.retry === undefined
          ? this.fail(run, outcome.fault.code === 'non-determinism' ? 'NonDeterminism' : 'Failed', outcome.fault)
          : this.retry(run, outcome.retry.delay, outcome.fault);
      case 'suspended':
        return this.suspend(run);
      case 'timed-out':
        return this.fail(run, 'TimedOut', outcome.fault);
      case 'crashed':
        return this.crash(run, outcome.fault);
      case 'cancelled':
        return this.giveUp(run);
    }
  }

  /** Puts a job on the queue that cannot go on here. */
  async handBack(run: EndingRun, reason: string): Promise<RunResult> {
    const back = await untilAvailable(() => this.leases.handBack(run.lease, reason));
    if (back !== undefined) this.dispatcher.dispatch(back);
    await untilAvailable(() => this.cancellation.confirm(run.lease));
    await this.clear(run);
    return { kind: 'open' };
  }

  /** What only the operator can make sense of: the log has the stack, the client a plain sentence. */
  async failUnexpectedly(run: EndingRun, error: unknown, detail: string): Promise<RunResult> {
    this.logger.error(`Job ${run.lease.id} could not be run to its end: ${(error as Error).stack ?? String(error)}`);
    return await this.fail(run, 'Failed', { code: 'internal', detail });
  }

  /** What the job was to be run with cannot be had. */
  async failWithoutInputs(run: EndingRun, error: unknown): Promise<RunResult> {
    if (run.lease.aborted) return await this.giveUp(run);
    if (error instanceof DomainError) return await this.fail(run, 'Failed', faultOf(error));
    return await this.failUnexpectedly(run, error, 'The inputs of the job cannot be read any more.');
  }

  /** The lease is kept while files are on their way into the storage. */
  private async succeed(run: EndingRun, produced: Readonly<Record<string, ProducedOutput>>): Promise<RunResult> {
    let outputs: StoredOutput[];
    try {
      outputs = await storedOutputs(produced, run.files);
    } catch (error) {
      if (run.lease.aborted) return await this.giveUp(run);
      if (error instanceof DomainError) return await this.fail(run, 'Failed', faultOf(error));
      throw error;
    }
    const ours = await untilAvailable(() => this.completion.succeed(run.lease, outputs));
    if (!ours) return await this.refused(run);
    if (run.files.storage !== undefined) await this.clearHere(run);
    return { kind: 'succeeded', outputs };
  }

  private async fail(run: EndingRun, stateName: FailedState, fault: ExecutionFault): Promise<RunResult> {
    const ours = await untilAvailable(() => this.completion.fail(run.lease, stateName, fault));
    if (!ours) return await this.refused(run);
    await this.clear(run);
    return { kind: 'failed', fault };
  }

  /** The process' own policy wants another attempt of the job. */
  private async retry(run: EndingRun, delay: number, fault: ExecutionFault): Promise<RunResult> {
    const retried = await untilAvailable(() => this.suspension.retry(run.lease, delay, fault));
    if (retried === undefined) return await this.refused(run);
    await this.clear(run);
    this.dispatcher.dispatch(retried, delay);
    return { kind: 'open' };
  }

  private async suspend(run: EndingRun): Promise<RunResult> {
    const suspended = await untilAvailable(() => this.suspension.suspend(run.lease, run.signals));
    if (suspended === undefined) return await this.refused(run);
    await this.clear(run);
    if (suspended.due_in !== null) this.dispatcher.dispatch(suspended, suspended.due_in);
    return { kind: 'open' };
  }

  private async crash(run: EndingRun, fault: ExecutionFault): Promise<RunResult> {
    const { lease } = run;
    const recovery = await untilAvailable(() => this.completion.crash(lease, fault, run.isGivenUp ? 0 : undefined));
    if (recovery === undefined) return await this.refused(run);
    await this.clear(run);
    if (recovery.state_type === 'CRASHED') return { kind: 'failed', fault };
    this.logger.warn(`Job ${lease.id} lost its executor and waits for another: ${fault.detail}`);
    this.dispatcher.dispatch(recovery);
    return { kind: 'open' };
  }

  /** The job has another owner now, or none. */
  private async refused(run: EndingRun): Promise<RunResult> {
    run.lease.refuse();
    return await this.giveUp(run);
  }

  /** The job stopped without a result, or its result came too late. Says so to the row, whoever owns it now. */
  private async giveUp(run: EndingRun): Promise<RunResult> {
    if (run.lease.stopReason === 'shutdown') return await this.handBack(run, 'the worker shut down');
    await untilAvailable(() => this.cancellation.confirm(run.lease));
    await this.clear(run);
    return { kind: 'open' };
  }

  /** Removes what the run left for nobody. */
  private async clear(run: EndingRun): Promise<void> {
    const { lease, files, hasFiles } = run;
    if (files.storage !== undefined) await this.clearHere(run);
    else if (!hasFiles) await this.files.removeAttempt(lease.id, lease.epoch);
    if (files.storage === undefined || hasFiles || !files.isKnown) return;
    // What an outage leaves there goes with the job.
    const prefix = this.stored.prefixOf(lease.id, lease.epoch);
    await this.stored.removeAll(files.storage, prefix).catch((error: unknown) => this.logger.debug(error));
  }

  /** What counts is in the storage. */
  private async clearHere({ lease }: EndingRun): Promise<void> {
    await this.files.removeAttempt(lease.id, lease.epoch);
    await this.files.tidy(lease.id);
  }
}

async function storedOutputs(
  outputs: Readonly<Record<string, ProducedOutput>>,
  files: RunFiles,
): Promise<StoredOutput[]> {
  const stored = Object.entries(outputs).map(async ([id, output]): Promise<StoredOutput> => {
    const { mediaType } = output;
    if (output.kind === 'value') return { id, mediaType, value: output.value };
    const { path, size, sha256 } = output;
    return { id, mediaType, file: await files.keep(path, { mediaType, size, sha256 }), size, sha256 };
  });
  return await Promise.all(stored);
}

function faultOf({ code, message: detail }: DomainError): ExecutionFault {
  return { code, detail };
}
