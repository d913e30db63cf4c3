import { Injectable } from '@nestjs/common';
import { BlockInputs, type ResolvedInputs } from '../blocks/block-inputs.js';
import { Settings } from '../config/settings.js';
import { untilAvailable } from '../database/until-available.js';
import { Engine } from '../engine/engine.js';
import { type ExecutionOutcome, warningLine } from '../engine/execution-unit.js';
import type { RunFiles } from '../jobs/files/run-files.js';
import { StoredFiles } from '../jobs/files/stored-files.js';
import { JobFiles } from '../jobs/job-files.js';
import { JobInputs } from '../jobs/job-inputs.js';
import type { JobAdmission, ResponsePreferences } from '../jobs/job.types.js';
import { SlotQueue } from '../jobs/limits/slot-queue.js';
import { JobJournal } from '../jobs/store/job-journal.js';
import type { ClaimedJob, HeldLease } from '../jobs/store/job-leases.js';
import { DomainError } from '../ogc/problems/domain-error.js';
import { ProcessRegistry } from '../processes/process-registry.js';
import type { JobSteps } from '../tasks/job-steps.js';
import { JobStepsFactory } from '../tasks/job-steps.factory.js';
import { JobConclusion, type RunResult } from './job-conclusion.js';
import { JournalWriter } from './journal-writer.js';
import { type Lease, LeaseKeeper } from './lease-keeper.js';
import { NodeIdentity } from './node-identity.js';
import { RunPlaces } from './run-places.js';

/** A job owned by this node, with its values ready for the engine. */
export interface OwnedJob extends HeldLease {
  readonly processId: string;
  /** Blocks are still referred to. */
  readonly inputs: Record<string, unknown>;
  readonly response: ResponsePreferences;
  /** The storage of its files; nothing: DATA_DIR. */
  readonly storage?: string | null;
  /** How often it failed by itself before. */
  readonly attempts?: number;
  /** Milliseconds of earlier runs that count towards its time limit. */
  readonly ran_ms?: number;
  /** The job whose steps it took over. */
  readonly retry_of?: string | null;
  /** How often something told it to go on. */
  readonly signals?: number;
  /** What was asked for before it ran. */
  readonly admission?: JobAdmission | null;
}

/** Lets the code of a job in. @returns nothing when there is no place for it */
type Entrance = (code: () => Promise<ExecutionOutcome>) => Promise<ExecutionOutcome | undefined>;

/**
 * Runs one owned job from claim to end: lease, engine, journal, terminal state. The work of a finished execution is
 * kept through an outage of the database; the epoch decides whether it still counts.
 */
@Injectable()
export class JobRunner {
  constructor(
    private readonly registry: ProcessRegistry,
    private readonly engine: Engine,
    private readonly keeper: LeaseKeeper,
    private readonly journal: JobJournal,
    private readonly steps: JobStepsFactory,
    private readonly conclusion: JobConclusion,
    private readonly queue: SlotQueue,
    private readonly inputs: JobInputs,
    private readonly blocks: BlockInputs,
    private readonly files: JobFiles,
    private readonly stored: StoredFiles,
    private readonly node: NodeIdentity,
    private readonly places: RunPlaces,
    private readonly settings: Settings,
  ) {}

  /** Runs a job that this node has claimed from the queue. */
  async runClaimed(job: ClaimedJob): Promise<RunResult> {
    const lease = this.keeper.hold(job);
    const files = this.filesOf(lease, job);
    try {
      let inputs: Record<string, unknown>;
      try {
        inputs = await this.inputs.load(job, files);
      } catch (error) {
        return await this.conclusion.failWithoutInputs({ lease, files, hasFiles: false }, error);
      }
      const owned = { ...job, processId: job.process_id, inputs };
      return await this.runUnder(lease, files, owned, (code) => this.places.run(owned.processId, code));
    } finally {
      lease.release();
    }
  }

  /** Runs a job that was accepted as running on this node, for a client that waits for it. */
  runHere(job: OwnedJob): Promise<RunResult> {
    return this.runAccepted(job, (code) => code());
  }

  /** Runs a job that was accepted as running on this node, or puts it on the queue when there is no place for it. */
  runSoon(job: OwnedJob): Promise<RunResult> {
    return this.runAccepted(job, (code) => this.places.runSoon(job.processId, code));
  }

  private async runAccepted(job: OwnedJob, enter: Entrance): Promise<RunResult> {
    const lease = this.keeper.hold(job);
    try {
      return await this.runUnder(lease, this.filesOf(lease, job), job, enter);
    } finally {
      lease.release();
    }
  }

  private filesOf(lease: Lease, { id, epoch, storage }: HeldLease & Pick<OwnedJob, 'storage'>): RunFiles {
    const tell = (message: string) => {
      // A job whose log cannot be written has other troubles, and says so elsewhere.
      void this.journal.log(lease, [warningLine(message)]).catch(() => undefined);
    };
    const waiting = {
      // Read by those who have to wait, and made for them alone.
      get signal() {
        return lease.signal;
      },
      tell,
    };
    return this.stored.ofRun(storage, this.files.attempt(id, epoch), waiting);
  }

  private async runUnder(lease: Lease, files: RunFiles, job: OwnedJob, enter: Entrance): Promise<RunResult> {
    // Steps of an earlier run exist only where there was one; asking for them costs a statement.
    const isResumed = job.epoch > 1 || (job.retry_of ?? null) !== null;
    const { id, epoch, processId, signals } = job;
    const { storage } = files;
    const stepping = { id, epoch, processId, isResumed, signals, storage };
    const journal = new JournalWriter(this.journal, lease);
    const steps = this.steps.open(stepping, files, this.node.id, lease, journal);
    const run = () => ({
      lease,
      files,
      hasFiles: steps.hasFiles,
      signals: steps.seenSignals,
      isGivenUp: steps.givenUp !== undefined,
    });
    try {
      const outcome = await this.runToEnd(lease, job, journal, steps, enter);
      if (outcome === undefined) return await this.conclusion.handBack(run(), 'the node had no place for it');
      return await this.conclusion.conclude(run(), steps.givenUp ?? outcome);
    } catch (error) {
      return await this.conclusion.failUnexpectedly(run(), error, 'The service ran into an unexpected error.');
    } finally {
      await this.tellOthers(job, steps);
    }
  }

  /** The end of the run has given its places free, and made its result known. */
  private async tellOthers({ admission }: OwnedJob, { limitKeys }: JobSteps): Promise<void> {
    const own = [admission?.cache?.key, admission?.concurrency?.key].filter((key) => key !== undefined);
    // Only a hint: who is not woken now is found by the supervisor.
    await this.queue.freed([...own, ...limitKeys]).catch(() => undefined);
  }

  private async runToEnd(
    lease: Lease,
    job: OwnedJob,
    journal: JournalWriter,
    steps: JobSteps,
    enter: Entrance,
  ): Promise<ExecutionOutcome | undefined> {
    const process = this.registry.find(job.processId);
    if (process === undefined) {
      const detail = `This worker does not know the process "${job.processId}".`;
      return { kind: 'failed', fault: { code: 'no-such-process', detail } };
    }
    let inputs: ResolvedInputs;
    try {
      const takesBlocks = process.blockInputs !== undefined;
      inputs = takesBlocks
        ? await untilAvailable(() => this.blocks.resolve(process, job.inputs), lease.signal)
        : { values: job.inputs };
    } catch (error) {
      if (lease.aborted) return { kind: 'cancelled' };
      if (!(error instanceof DomainError)) throw error;
      return { kind: 'failed', fault: { code: error.code, detail: error.message, errors: error.errors } };
    }
    const timeLimit = process.policy.timeout ?? this.settings.JOB_TIMEOUT;
    const unit = {
      jobId: job.id,
      processId: job.processId,
      attempt: (job.attempts ?? 0) + 1,
      inputs: inputs.values,
      secrets: inputs.secrets,
      outputs: job.response.outputs?.map(({ id }) => id),
      timeout: Math.max(1, timeLimit - (job.ran_ms ?? 0)),
      timeLimit,
      directory: this.files.attempt(job.id, job.epoch),
      ...(typeof job.storage === 'string' && { storage: job.storage }),
    };
    const outcome = await enter(() => this.engine.run(unit, journal, lease, steps));
    await journal.flush();
    const drift = outcome?.kind === 'succeeded' ? await steps.drift() : undefined;
    return drift === undefined
      ? outcome
      : { kind: 'failed', fault: { code: 'non-determinism', detail: drift.message } };
  }
}
