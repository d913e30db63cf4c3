import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import pLimit from 'p-limit';
import { Settings } from '../config/settings.js';
import { Engine } from '../engine/engine.js';
import type { ExecutionObserver, ProducedOutput } from '../engine/execution-unit.js';
import { JobFiles } from '../jobs/job-files.js';
import { JobInputs } from '../jobs/job-inputs.js';
import { JobWaiter } from '../jobs/job-waiter.js';
import { JobAcceptance, type NewJob } from '../jobs/store/job-acceptance.js';
import { isTerminal } from '../jobs/job-state.js';
import type { JobStatusRow } from '../jobs/store/job-row.js';
import { JobReader } from '../jobs/store/job-reader.js';
import type { Preferences } from '../ogc/prefer.js';
import { DomainError } from '../ogc/problems/domain-error.js';
import { Dispatcher } from '../queues/dispatcher.js';
import { JobRunner } from '../queues/job-runner.js';
import { NodeIdentity } from '../queues/node-identity.js';
import { chooseMode } from './execution-mode.js';
import { type ExecutionCall, ExecutionPreparation, type PreparedExecution } from './execution-preparation.js';
import { faultError, JobResults } from './job-results.js';
import type { ResultOutput } from './results/result-output.js';

/** What an execution led to. */
export type ExecutionAnswer = {
  readonly execution: PreparedExecution;
  /** What to say in `Preference-Applied`. */
  readonly applied: Partial<Preferences>;
} & (
  | { readonly kind: 'job'; readonly job: JobStatusRow }
  | {
      readonly kind: 'results';
      readonly outputs: readonly ResultOutput[];
      /** The job that was kept. Without one, output files are to be removed once they are sent. */
      readonly jobId?: string;
    }
);

type Applied = Partial<Preferences>;

/** Synchronous executions that may wait for an executor; more are turned away rather than left to time out. */
const MOST_WAITING = 100;
/** Upper bound of waiting for the job of a synchronous execution: beyond any job's own time limit. Milliseconds. */
const UNTIL_ENDED = 2 ** 31 - 1;
const SILENT: ExecutionObserver = { progress: () => undefined, log: () => undefined };

/** Executes processes: chooses the mode, and runs here, through the queue, or without any job. */
@Injectable()
export class ExecutionService implements BeforeApplicationShutdown {
  private readonly slots;
  private closing = false;

  constructor(
    private readonly preparation: ExecutionPreparation,
    private readonly engine: Engine,
    private readonly runner: JobRunner,
    private readonly dispatcher: Dispatcher,
    private readonly acceptance: JobAcceptance,
    private readonly reader: JobReader,
    private readonly waiter: JobWaiter,
    private readonly results: JobResults,
    private readonly jobInputs: JobInputs,
    private readonly files: JobFiles,
    private readonly node: NodeIdentity,
    private readonly settings: Settings,
  ) {
    this.slots = pLimit(settings.SYNC_CONCURRENCY);
  }

  beforeApplicationShutdown(): void {
    this.closing = true;
  }

  /**
   * Executes a process as the client prefers (OGC 18-062r2 section 7.11).
   * @throws DomainError for a request that is wrong, and for a synchronous execution that failed
   */
  async execute(call: ExecutionCall, preferences: Preferences): Promise<ExecutionAnswer> {
    if (this.closing) throw new DomainError('shutting-down', 'The service is shutting down.', { retryAfter: 5 });
    const execution = await this.preparation.prepare(call);
    const { description, policy } = execution.process;
    const { mode, wait, applied } = chooseMode(description.jobControlOptions, preferences);

    if (mode === 'async') return { execution, applied, kind: 'job', job: await this.enqueue(execution) };
    if (wait !== undefined) return await this.runQueued(execution, applied, wait * 1_000);

    const runsHere = this.settings.ROLE !== 'api' || policy.isolation === 'inline';
    if (!runsHere) return await this.runQueued(execution, applied, UNTIL_ENDED, call.signal);
    const run = () =>
      policy.syncJobs ? this.runHere(execution, applied) : this.runWithoutJob(execution, applied, call.signal);
    if (policy.isolation === 'inline') return await run();
    if (this.slots.pendingCount >= MOST_WAITING) {
      await this.files.remove(execution.jobId);
      throw new DomainError(
        'too-busy',
        'All executors are busy; try again, or ask for a job with "Prefer: respond-async".',
        {
          retryAfter: 5,
        },
      );
    }
    return await this.slots(run);
  }

  /** Accepts a job; it is on record before it is dispatched (promise P1). */
  private async enqueue(execution: PreparedExecution): Promise<JobStatusRow> {
    const job = await this.acceptance.accept(await this.newJob(execution));
    this.dispatcher.dispatch({ id: job.id, dispatches: 1 });
    return job;
  }

  /** Through the queue: on another node, or with the option to answer with the job when it takes long. */
  private async runQueued(
    execution: PreparedExecution,
    applied: Applied,
    patience: number,
    signal?: AbortSignal,
  ): Promise<ExecutionAnswer> {
    const { id } = await this.enqueue(execution);
    await this.waiter.ended(id, patience, signal);
    const job = await this.reader.get(id);
    if (!isTerminal(job.state_type)) return { execution, applied, kind: 'job', job };
    return { execution, applied, kind: 'results', jobId: id, outputs: await this.results.of(job) };
  }

  /** On this node, with a job that is born running. */
  private async runHere(execution: PreparedExecution, applied: Applied): Promise<ExecutionAnswer> {
    const { jobId, process, inputs } = execution;
    await this.acceptance.acceptRunning(await this.newJob(execution), this.node.id, this.settings.LEASE);
    const result = await this.runner.runHere({ id: jobId, epoch: 1, processId: process.description.id, inputs });
    if (result.kind === 'failed') throw faultError(result.fault);
    if (result.kind === 'succeeded') {
      return { execution, applied, kind: 'results', jobId, outputs: withIds(result.outputs) };
    }
    // It was dismissed, or goes on elsewhere.
    const job = await this.reader.get(jobId);
    if (!isTerminal(job.state_type)) return { execution, applied, kind: 'job', job };
    return { execution, applied, kind: 'results', jobId, outputs: await this.results.of(job) };
  }

  /** The fast path: no row, no queue. */
  private async runWithoutJob(
    execution: PreparedExecution,
    applied: Applied,
    signal: AbortSignal,
  ): Promise<ExecutionAnswer> {
    const { jobId, process, inputs } = execution;
    const unit = {
      jobId,
      processId: process.description.id,
      inputs,
      timeout: process.policy.timeout ?? this.settings.JOB_TIMEOUT,
      directory: this.files.attempt(jobId, 1),
    };
    const outcome = await this.engine.run(unit, SILENT, signal);
    if (outcome.kind === 'succeeded') return { execution, applied, kind: 'results', outputs: withIds(outcome.outputs) };
    await this.files.remove(jobId);
    if (outcome.kind === 'cancelled') throw new DomainError('job-dismissed', 'The execution was cancelled.');
    throw faultError(outcome.fault);
  }

  private async newJob({ jobId, process, request, inputs }: PreparedExecution): Promise<NewJob> {
    const { response, dialect, outputs } = request;
    return {
      id: jobId,
      processId: process.description.id,
      processVersion: process.description.version,
      ...(await this.jobInputs.store(jobId, inputs)),
      response: { response, dialect, outputs },
    };
  }
}

function withIds(outputs: Readonly<Record<string, ProducedOutput>>): ResultOutput[] {
  return Object.entries(outputs).map(([id, output]) => ({ id, ...output }));
}
