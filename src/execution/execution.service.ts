import { Injectable } from '@nestjs/common';
import pLimit from 'p-limit';
import { Settings } from '../config/settings.js';
import { JobFiles } from '../jobs/job-files.js';
import type { Idempotency } from '../jobs/store/new-job.js';
import type { JobStatusRow } from '../jobs/store/job-row.js';
import type { Preferences } from '../ogc/prefer.js';
import { DomainError } from '../ogc/problems/domain-error.js';
import { BareExecution } from './bare-execution.js';
import type { ClientDeparture } from './client-departure.js';
import type { ExecutionMode } from './execution-mode.js';
import {
  type ExecutionCall,
  ExecutionPreparation,
  type PreparedExecution,
  type RequestedExecution,
} from './execution-preparation.js';
import type { ExecutionResult } from './execution-result.js';
import { requestDigest } from './idempotency.js';
import { JobExecution, UNTIL_ENDED } from './job-execution.js';
import { RETRY_AFTER_SHUTDOWN, ShutdownGrace } from './shutdown-grace.js';

/** What an execution led to, and what its answer depends on. */
export interface ExecutionAnswer {
  readonly requested: RequestedExecution;
  readonly result: ExecutionResult;
  /** What to say in `Preference-Applied`. */
  readonly applied: Partial<Preferences>;
}

/** Synchronous executions that may wait for an executor; more are turned away rather than left to time out. */
const MOST_WAITING = 100;

/** Executes processes: chooses the mode, and runs here, through the queue, or without any job. */
@Injectable()
export class ExecutionService {
  private readonly slots;

  constructor(
    private readonly preparation: ExecutionPreparation,
    private readonly jobs: JobExecution,
    private readonly bare: BareExecution,
    private readonly files: JobFiles,
    private readonly grace: ShutdownGrace,
    private readonly settings: Settings,
  ) {
    this.slots = pLimit(settings.SYNC_CONCURRENCY);
  }

  /**
   * Executes a process as the client prefers (OGC 18-062r2 section 7.11). With an idempotency key, a repeated request
   * is answered from the job of the first one.
   * @throws DomainError for a request that is wrong, and for an execution without a job that failed
   */
  async execute(call: ExecutionCall): Promise<ExecutionAnswer> {
    if (this.grace.isClosing) {
      throw new DomainError('shutting-down', 'The service is shutting down.', { retryAfter: RETRY_AFTER_SHUTDOWN });
    }
    const requested = this.preparation.read(call);
    const { mode } = requested;
    const idempotency = this.idempotency(call);
    const known = idempotency && (await this.jobs.find(idempotency));
    const result = known
      ? await this.answerOf(known, mode, call.client)
      : await this.run(await this.preparation.prepare(requested, call.client), mode, idempotency, call.client);
    const respondAsync = result.kind === 'job' && call.preferences.respondAsync;
    return { requested, result, applied: { ...mode.applied, respondAsync } };
  }

  /**
   * Checks a request as {@link execute} would, and executes nothing.
   * @returns the mode that would be used
   * @throws DomainError for a request that is wrong
   */
  async validate(call: ExecutionCall): Promise<ExecutionMode['mode']> {
    const requested = this.preparation.read(call);
    const { mode } = requested.mode;
    const idempotency = this.idempotency(call);
    // A repetition would be answered from its job, whatever has become of what it refers to.
    if (idempotency && (await this.jobs.find(idempotency))) return mode;
    const { jobId } = await this.preparation.prepare(requested, call.client);
    await this.files.remove(jobId);
    return mode;
  }

  private idempotency(call: ExecutionCall): Idempotency | undefined {
    const { idempotencyKey: key } = call;
    return key === undefined ? undefined : { key, digest: requestDigest(call) };
  }

  private async run(
    execution: PreparedExecution,
    mode: ExecutionMode,
    idempotency: Idempotency | undefined,
    client: ClientDeparture,
  ): Promise<ExecutionResult> {
    const isInline = execution.process.policy.isolation === 'inline';
    // Whether an execution has to wait for others, or was made before, finds out the worker that takes its job.
    const runsHere = (this.settings.ROLE !== 'api' || isInline) && execution.admission === undefined;
    if (mode.mode === 'async' || mode.wait !== undefined || !runsHere) {
      return await this.enqueue(execution, mode, idempotency, client);
    }
    const enter = <T>(code: () => Promise<T>) => (isInline ? code() : this.inSlot(execution, code, client));
    if (!execution.process.policy.syncJobs && !needsJob(execution, idempotency)) {
      return await enter(() => this.bare.run(execution, client));
    }
    const result = await enter(() => this.jobs.runHere(execution, idempotency));
    // What waits for time, people or other jobs is waited for without a slot.
    return result.kind === 'elsewhere' ? await this.jobs.follow(result.jobId, result.patience, client.signal) : result;
  }

  private async enqueue(
    execution: PreparedExecution,
    mode: ExecutionMode,
    idempotency: Idempotency | undefined,
    client: ClientDeparture,
  ): Promise<ExecutionResult> {
    return await this.answerOf(await this.jobs.accept(execution, idempotency), mode, client);
  }

  /** The answer to a request that led to a job on the queue, this one or an earlier one of the same key. */
  private async answerOf(
    job: JobStatusRow,
    { mode, wait }: ExecutionMode,
    client: ClientDeparture,
  ): Promise<ExecutionResult> {
    return mode === 'async' ? { kind: 'job', job } : await this.follow(job, wait, client);
  }

  /** @param wait seconds after which the answer is the job; without, it is awaited as long as it takes */
  private follow({ id }: JobStatusRow, wait: number | undefined, client: ClientDeparture): Promise<ExecutionResult> {
    return this.jobs.follow(id, wait === undefined ? UNTIL_ENDED : wait * 1_000, client.signal);
  }

  /** Nothing is begun for a client that left while it waited. */
  private async inSlot<T>({ jobId }: PreparedExecution, run: () => Promise<T>, client: ClientDeparture): Promise<T> {
    if (this.slots.pendingCount < MOST_WAITING) {
      return await this.slots(async () => {
        if (!client.aborted) return await run();
        await this.files.remove(jobId);
        throw new DomainError('bad-request', 'The client closed the connection.');
      });
    }
    await this.files.remove(jobId);
    throw new DomainError(
      'too-busy',
      'All executors are busy; try again, or ask for a job with "Prefer: respond-async".',
      { retryAfter: 5 },
    );
  }
}

/** References, callbacks and repetitions need a job, so one is kept also where the process asks for none. */
function needsJob({ request, subscriber }: PreparedExecution, idempotency: Idempotency | undefined): boolean {
  return (
    idempotency !== undefined ||
    subscriber !== undefined ||
    (request.outputs?.some(({ transmissionMode }) => transmissionMode === 'reference') ?? false)
  );
}
