import { Injectable, Logger } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { isDatabaseUnavailable } from '../database/database-unavailable.js';
import { CachedJobs } from '../jobs/cache/cached-jobs.js';
import { StoredFiles } from '../jobs/files/stored-files.js';
import { JobFiles } from '../jobs/job-files.js';
import { JobInputs } from '../jobs/job-inputs.js';
import { isTerminal } from '../jobs/job-state.js';
import { JobWaiter } from '../jobs/job-waiter.js';
import { JobAcceptance } from '../jobs/store/job-acceptance.js';
import { JobReader } from '../jobs/store/job-reader.js';
import type { JobStatusRow } from '../jobs/store/job-row.js';
import type { AcceptedJob, Idempotency, NewJob } from '../jobs/store/new-job.js';
import { DomainError } from '../ogc/problems/domain-error.js';
import { Dispatcher } from '../queues/dispatcher.js';
import { JobRunner, type OwnedJob } from '../queues/job-runner.js';
import { NodeIdentity } from '../queues/node-identity.js';
import { RunPlaces } from '../queues/run-places.js';
import type { PreparedExecution } from './execution-preparation.js';
import type { ExecutionResult } from './execution-result.js';
import { faultError, JobResults } from './job-results.js';
import { ShutdownGrace } from './shutdown-grace.js';

/** Upper bound of waiting for the job of a synchronous execution: beyond any job's own time limit. Milliseconds. */
export const UNTIL_ENDED = 2 ** 31 - 1;

/** How often a synchronous execution looks whether its job can still begin. Milliseconds. */
const QUEUE_CHECK = 3_000;

/** When a client may ask again whose job was over the limit of its process. Seconds. */
const UNTIL_THERE_IS_ROOM = 10;

/** A job that is no longer run for the client that waits for it, but may be waited for. */
export interface JobElsewhere {
  readonly kind: 'elsewhere';
  readonly jobId: string;
  /** Milliseconds, see {@link JobExecution.follow}. */
  readonly patience: number;
}

/** Executions with a job: through the queue, on this node, or the one that an idempotency key leads back to. */
@Injectable()
export class JobExecution {
  private readonly logger = new Logger(JobExecution.name);

  constructor(
    private readonly runner: JobRunner,
    private readonly places: RunPlaces,
    private readonly dispatcher: Dispatcher,
    private readonly acceptance: JobAcceptance,
    private readonly cached: CachedJobs,
    private readonly reader: JobReader,
    private readonly waiter: JobWaiter,
    private readonly results: JobResults,
    private readonly jobInputs: JobInputs,
    private readonly files: JobFiles,
    private readonly stored: StoredFiles,
    private readonly node: NodeIdentity,
    private readonly grace: ShutdownGrace,
    private readonly settings: Settings,
  ) {}

  /**
   * The job that a key was used for.
   * @throws DomainError `idempotency-key-reused` when it was used for another request
   */
  async find(idempotency: Idempotency): Promise<JobStatusRow | undefined> {
    const job = await this.reader.findByIdempotencyKey(idempotency.key);
    if (job !== undefined) requireSameRequest(job, idempotency);
    return job;
  }

  /**
   * Accepts a job; it is on record before anything else happens (promise P1). One of a short process begins here if
   * there is a place, any other goes through the queue. One whose results are known is accepted with them.
   */
  async accept(execution: PreparedExecution, idempotency: Idempotency | undefined): Promise<JobStatusRow> {
    const newJob = await this.newJob(execution, idempotency);
    return this.canBegin(execution, newJob)
      ? await this.begin(execution, newJob, idempotency)
      : await this.enqueue(execution, newJob, idempotency);
  }

  private canBegin({ process, admission }: PreparedExecution, { staged }: NewJob): boolean {
    const isWorker = this.settings.ROLE !== 'api' && !this.grace.isClosing;
    return isWorker && admission === undefined && staged === undefined && this.places.canBegin(process);
  }

  private async begin(
    execution: PreparedExecution,
    newJob: NewJob,
    idempotency: Idempotency | undefined,
  ): Promise<JobStatusRow> {
    const job = await this.places.begin(() => this.acceptance.acceptRunning(newJob, this.node.id, this.settings.LEASE));
    if (await this.isRepetition(job, execution, idempotency)) return job;
    const owned = ownedJob(execution, newJob);
    // Its lease runs out if this fails, and then it is recovered as any other job.
    void this.runner.runSoon(owned).catch((error: Error) => this.logger.error(`Job ${owned.id}: ${error.stack}`));
    return job;
  }

  private async enqueue(
    execution: PreparedExecution,
    newJob: NewJob,
    idempotency: Idempotency | undefined,
  ): Promise<JobStatusRow> {
    const job = (await this.cached.accept(newJob)) ?? (await this.acceptance.accept(newJob));
    if (newJob.storage !== undefined && newJob.staged !== undefined) await this.files.removeInputs(newJob.id);
    if (await this.isRepetition(job, execution, idempotency)) return job;
    if (!isTerminal(job.state_type)) this.dispatcher.dispatch({ id: job.id, dispatches: 1 });
    return job;
  }

  /** On this node, with a job that is born running. A job that is suspended does not run here any more. */
  async runHere(
    execution: PreparedExecution,
    idempotency: Idempotency | undefined,
  ): Promise<ExecutionResult | JobElsewhere> {
    const { jobId } = execution;
    const newJob = await this.newJob(execution, idempotency);
    const job = await this.acceptance.acceptRunning(newJob, this.node.id, this.settings.LEASE);
    if (await this.isRepetition(job, execution, idempotency)) {
      return { kind: 'elsewhere', jobId: job.id, patience: UNTIL_ENDED };
    }
    const result = await this.runner.runHere(ownedJob(execution, newJob));
    if (newJob.storage !== undefined && newJob.staged !== undefined) await this.files.removeInputs(jobId);
    if (result.kind === 'failed') return { kind: 'failed', jobId, error: faultError(result.fault, jobId) };
    if (result.kind === 'succeeded') return { kind: 'results', jobId, outputs: this.results.recorded(result.outputs) };
    // It was dismissed, is suspended, or goes on elsewhere: after a crash, or because this node shuts down.
    return { kind: 'elsewhere', jobId, patience: this.grace.isClosing ? 0 : UNTIL_ENDED };
  }

  /**
   * Waits for the end of a job, wherever it runs; while this node shuts down, for its grace time at most, and not for a
   * queue that is away.
   * @param patience milliseconds; then the answer is the unfinished job
   */
  async follow(jobId: string, patience: number, signal: AbortSignal): Promise<ExecutionResult> {
    if (patience === UNTIL_ENDED) await this.untilEnded(jobId, signal);
    else if (patience > 0) await this.waiter.ended(jobId, patience, signal, this.grace.signal);
    const job = await this.reader.get(jobId);
    if (!isTerminal(job.state_type)) return { kind: 'job', job };
    if (job.state_type === 'CANCELLED' && job.started_at === null && job.message !== null) {
      // The service did it for a limit: the client may ask again, while the results of this job stay unavailable.
      const error = new DomainError('too-busy', job.message, { retryAfter: UNTIL_THERE_IS_ROOM, jobId });
      return { kind: 'failed', jobId, error };
    }
    try {
      return { kind: 'results', jobId, outputs: await this.results.of(job) };
    } catch (error) {
      if (error instanceof DomainError) return { kind: 'failed', jobId, error };
      throw error;
    }
  }

  /** Ends before the job does when nobody waits any more, or when it waits for a queue that is away. */
  private async untilEnded(jobId: string, signal: AbortSignal): Promise<void> {
    const over = this.grace.signal;
    while (!(await this.waiter.ended(jobId, QUEUE_CHECK, signal, over))) {
      if (signal.aborted || over.aborted || (await this.isStranded(jobId))) return;
    }
  }

  /** Whether a job waits for a queue that is away. */
  private async isStranded(jobId: string): Promise<boolean> {
    try {
      const [job] = await this.reader.states([jobId]);
      return job?.state_type === 'SCHEDULED' && !(await this.dispatcher.answers());
    } catch (error) {
      // The job outlives an outage of the database, and so does its client's patience.
      if (isDatabaseUnavailable(error)) return false;
      throw error;
    }
  }

  /** Whether the row is that of an earlier request; what was staged for this one is then of no use. */
  private async isRepetition(
    job: AcceptedJob,
    { jobId }: PreparedExecution,
    idempotency: Idempotency | undefined,
  ): Promise<boolean> {
    if (idempotency === undefined || job.id === jobId) return false;
    await this.files.remove(jobId);
    // In a storage it is found by the supervisor, as what no job belongs to.
    requireSameRequest(job, idempotency);
    return true;
  }

  /** What was staged for a job that cannot be accepted is of no use. */
  private async storedInputs(jobId: string, inputs: Record<string, unknown>, storage: string | undefined) {
    try {
      return await this.jobInputs.store(jobId, inputs, storage);
    } catch (error) {
      await this.files.remove(jobId);
      throw error;
    }
  }

  private async newJob(
    { jobId, process, request, subscriber, inputs, admission }: PreparedExecution,
    idempotency: Idempotency | undefined,
  ): Promise<NewJob> {
    const { response, dialect, outputs } = request;
    const storage = this.stored.storageFor(process.policy.storage);
    return {
      id: jobId,
      processId: process.description.id,
      processVersion: process.description.version,
      ...(await this.storedInputs(jobId, inputs, storage)),
      storage,
      response: { response, dialect, outputs },
      subscriber,
      admission,
      idempotency,
    };
  }
}

/** The job as this node runs it that it was accepted by, in its first epoch and with the inputs at hand. */
function ownedJob({ inputs }: PreparedExecution, { id, processId, response, storage }: NewJob): OwnedJob {
  return { id, epoch: 1, processId, inputs, response, storage };
}

function requireSameRequest(job: AcceptedJob, { digest }: Idempotency): void {
  if (job.request_digest === digest) return;
  throw new DomainError(
    'idempotency-key-reused',
    'This Idempotency-Key was already used for another request; use a new one for each execution.',
  );
}
