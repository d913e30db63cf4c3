import type { EntityManager } from 'typeorm';
import type { PlainContext } from '../processes/job-context.js';
import type { RegisteredProcess } from '../processes/registered-process.js';
import type { FlowFrame } from '../processes/running-flow.js';
import type { Clock } from './clock.js';
import type { DataEdges } from './data-edges.js';
import type { OutputRecords } from './session-outputs.js';
import type { StepEnd, StepJournal, StepReceipt } from './step-journal.js';
import type { StepScope } from './step-key.js';
import type { StepPlan, StepResult } from './step-plan.js';
import type { StepPlace } from './step-run.js';

/** A transaction that the code of a step shares with the record of its end. */
export interface StepTransaction {
  readonly manager: EntityManager;
  /** @throws Error when what was written cannot be committed any more */
  assertOpen(): void;
}

/** Tasks with `transactional`: their database writes and the record of their end are one transaction. */
export interface StepTransactions {
  /**
   * Calls `work` within a transaction and puts the end that it resolves to on record there, if the step has completed.
   * Any other end undoes what was written and is put on record by itself; what `work` rejects with undoes it as well, and
   * is passed on. When the connection is lost, and all that was written with it, `work` is called once more.
   */
  run(work: (transaction: StepTransaction) => Promise<StepEnd>): Promise<StepReceipt>;
}

/** A journal that may share transactions with the code of steps, where that runs in the service itself. */
export type TransactionalJournal = StepJournal & { readonly transactions?: StepTransactions };

/** What a session works with. */
export interface FlowSessionOptions extends Partial<OutputRecords> {
  /** Absent where code may not have a database connection: transactional tasks fail there. */
  readonly transactions?: StepTransactions;
  readonly jobId: string;
  readonly process: Pick<RegisteredProcess, 'description' | 'policy' | 'handler' | 'tasks'>;
  readonly journal: StepJournal;
  /** What `execute` is called with, for tasks that other workers run. */
  readonly inputs?: unknown;
  /** The context without steps. Its signal is read only when a step is used. */
  readonly baseContext: PlainContext;
  /** from 0 up to 1, for jitter */
  readonly random?: () => number;
  readonly clock?: Clock;
}

/** Where code runs: the flow itself, or an attempt of a step. */
export interface StepFrame extends FlowFrame {
  readonly scope: StepScope;
  readonly place: StepPlace;
  readonly signal: AbortSignal;
  /** Whether this is within a transactional task, or a step called there. */
  readonly isInTransaction?: boolean;
  /** The step whose code this is. */
  readonly step?: { readonly key: string; readonly answer?: unknown; readonly manager?: EntityManager };
}

/** The session, as the methods of the context see it. */
export interface StepHost {
  readonly options: FlowSessionOptions;
  readonly edges: DataEdges;
  /** Where the code runs that asks. */
  frame(): StepFrame;
  /** The attempt of a step whose code asks; undefined outside of steps. */
  stepFrame(): StepFrame | undefined;
  isContext(value: unknown): boolean;
  /** Runs a step, or remembers it. @throws what it failed with */
  step(plan: StepPlan): Promise<StepResult>;
  /** Waits in place. Returns early when the flow has failed. */
  wait(milliseconds: number, signal: AbortSignal): Promise<void>;
}
