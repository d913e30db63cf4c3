import type { LimitFunction } from 'p-limit';
import type { Database } from '../database/database.js';
import { isDatabaseUnavailable } from '../database/database-unavailable.js';
import type { Transaction } from '../database/transaction.js';
import { untilAvailable } from '../database/until-available.js';
import type { StepTransaction, StepTransactions } from '../flows/step-host.js';
import type { StepEnd, StepReceipt } from '../flows/step-journal.js';
import type { HeldLease } from '../jobs/store/job-leases.js';
import type { StepEndings } from './store/step-endings.js';
import type { StoredStepOutput } from './task.types.js';

/** How often a task is begun whose connection is lost under it: it may itself be what ends the connection. */
const MOST_TRIES = 5;

/** What {@link JobTransactions} needs of the steps of its job. */
export interface RecordingSteps {
  end(end: StepEnd): Promise<StepReceipt>;
  /** The outputs of a completed step, as rows keep them. */
  outputsOf(end: StepEnd): Promise<StoredStepOutput[]>;
  /** What follows an end that is on record. */
  receiptOf(end: StepEnd): StepReceipt;
  /** Resolves once what the code has logged is on record. */
  flushLog(): Promise<void>;
  /** Notes an end that is on record. */
  ended(end: StepEnd, receipt: StepReceipt): Promise<void>;
}

/**
 * The transactions of one job's tasks. What such a task writes and the record of its end are committed together, while
 * the job runs under this claim: it happens exactly once (promise P3), whatever dies in between.
 */
export class JobTransactions implements StepTransactions {
  /**
   * @param signal aborted when the job has to stop
   * @param limit bounds how many connections such tasks hold on this node
   */
  constructor(
    private readonly job: HeldLease,
    private readonly signal: AbortSignal,
    private readonly steps: RecordingSteps,
    private readonly database: Database,
    private readonly endings: StepEndings,
    private readonly limit: LimitFunction,
  ) {}

  run(work: (transaction: StepTransaction) => Promise<StepEnd>): Promise<StepReceipt> {
    return this.limit(() => this.transact(work));
  }

  private async transact(work: (transaction: StepTransaction) => Promise<StepEnd>): Promise<StepReceipt> {
    for (let tries = 1; ; tries++) {
      const transaction = await this.unlessStopped(() => this.database.begin());
      if (transaction === undefined) return { do: 'stop' };
      try {
        const end = await work(transaction);
        const receipt =
          end.end === 'completed'
            ? await this.commit(transaction, end)
            : await this.undo(transaction, end, tries === MOST_TRIES);
        if (receipt !== undefined) return receipt;
      } finally {
        await transaction.end();
      }
      if (tries === MOST_TRIES) throw new Error('The connection of a transactional task was lost each time it ran');
    }
  }

  /** @returns undefined when the connection was lost before the transaction could be committed */
  private async commit(transaction: Transaction, end: StepEnd): Promise<StepReceipt | undefined> {
    const { job, endings, steps } = this;
    try {
      const outputs = await steps.outputsOf(end);
      await steps.flushLog();
      if (!(await endings.endWithin(transaction, job, end, outputs))) return { do: 'stop' };
      await transaction.commit();
    } catch (error) {
      if (!isDatabaseUnavailable(error)) throw error;
      // Only the answer may have been lost.
      const isRecorded = await this.unlessStopped(() => endings.isRecorded(job, end.key));
      if (isRecorded === undefined) return { do: 'stop' };
      if (!isRecorded) return undefined;
    }
    endings.announce(job);
    const receipt = steps.receiptOf(end);
    await steps.ended(end, receipt);
    return receipt;
  }

  /** @returns undefined when the connection was lost, which is no fault of the task and may be why it failed */
  private async undo(transaction: Transaction, end: StepEnd, isLast: boolean): Promise<StepReceipt | undefined> {
    const wasConnected = await transaction.rollback();
    return wasConnected || isLast ? await this.steps.end(end) : undefined;
  }

  /** @returns undefined when the job has to stop */
  private async unlessStopped<T>(operation: () => Promise<T>): Promise<T | undefined> {
    if (this.signal.aborted) return undefined;
    try {
      return await untilAvailable(operation, this.signal);
    } catch (error) {
      if (this.signal.aborted) return undefined;
      throw error;
    }
  }
}
