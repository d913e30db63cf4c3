import { Logger } from '@nestjs/common';
import { storableText } from '../database/storable-text.js';
import type { StepTransactions, TransactionalJournal } from '../flows/step-host.js';
import {
  StepJournal,
  type Artifact,
  type StepEnd,
  type StepOutput,
  type StepReceipt,
  type StepStart,
  type StepVerdict,
} from '../flows/step-journal.js';
import { DomainError, type Violation } from '../ogc/problems/domain-error.js';
import type { OutputDescription } from '../processes/process-description.js';
import { invalidOutput, serviceFault, stackOf } from './execution-faults.js';
import type { ExecutionFault, ProducedOutput } from './execution-unit.js';
import { foreignFile, type FileOwner } from './marked-files.js';
import { violationsOfReport } from './reported-outputs.js';
import { LONGEST_STEP_TEXT } from './step-asks.js';

/**
 * The journal of one run as the service lets an executor use it. The files that a step says it wrote are looked at
 * before they are put on record, and those that it calls a task with before another worker is given them; those of an earlier run are known again, and the first failure of the journal is kept:
 * whatever the code makes of it, such a run has no result.
 */
export class CheckedJournal extends StepJournal {
  /** Why the run has no result. */
  failure?: ExecutionFault;
  /** Absent where the journal has none. */
  readonly transactions?: StepTransactions;
  private readonly writes = new Set<Promise<unknown>>();
  private readonly restored = new Map<string, StepOutput>();
  private readonly logger = new Logger(CheckedJournal.name);

  /**
   * @param declared outputs of the process
   * @param unit whose directory and files the steps may name
   */
  constructor(
    private readonly journal: TransactionalJournal,
    private readonly declared: Readonly<Record<string, OutputDescription>>,
    private readonly unit: FileOwner,
  ) {
    super();
    const { transactions } = journal;
    if (transactions) this.transactions = { run: (work) => this.write(() => this.transact(transactions, work)) };
  }

  async begin(step: StepStart): Promise<StepVerdict> {
    await this.checkArguments(step);
    const verdict = await this.watch(() => this.journal.begin(step));
    if (verdict.do === 'return') for (const output of verdict.outputs ?? []) this.restored.set(output.id, output);
    return verdict;
  }

  end(end: StepEnd): Promise<StepReceipt> {
    return this.write(async () => {
      await this.checkEnd(end);
      return await this.watch(() => this.journal.end(end));
    });
  }

  keep(artifact: Artifact): Promise<void> {
    return this.write(() => this.watch(() => this.journal.keep(artifact)));
  }

  get isWriting(): boolean {
    return this.writes.size > 0;
  }

  /** Waits for what is being written, also where the code did not. Then {@link failure} is known. */
  async settled(): Promise<void> {
    while (this.writes.size > 0) await Promise.allSettled(this.writes);
  }

  /** What is wrong with the outputs that an executor says the run produced; those of steps on record may be among them. */
  violationsOf(outputs: Readonly<Record<string, ProducedOutput>>): Promise<Violation[]> {
    const fresh = Object.entries(outputs).filter(([id, output]) => !this.isRestored(id, output));
    return violationsOfReport(Object.fromEntries(fresh), this.declared, this.unit.directory);
  }

  private async transact(
    transactions: StepTransactions,
    work: Parameters<StepTransactions['run']>[0],
  ): Promise<StepReceipt> {
    // What the code of the step ends with is no failure of the journal.
    let thrown: unknown;
    const checked: typeof work = async (transaction) => {
      try {
        const end = await work(transaction);
        await this.checkEnd(end);
        return end;
      } catch (error) {
        thrown = error;
        throw error;
      }
    };
    return await this.watch(
      () => transactions.run(checked),
      (error) => error === thrown,
    );
  }

  private async checkArguments({ name, arguments: given }: StepStart): Promise<void> {
    const foreign = given && (await foreignFile(given, this.unit));
    if (foreign === undefined) return;
    const detail = `The task "${name}" is called with a file that is none of this job's, ${foreign}.`;
    this.failure ??= { code: 'process-failed', detail: storableText(detail, LONGEST_STEP_TEXT) };
    throw new DomainError('process-failed', this.failure.detail);
  }

  private async checkEnd(end: StepEnd): Promise<void> {
    if (end.end === 'completed' && end.outputs !== undefined) await this.check(end.outputs);
  }

  private async check(outputs: readonly StepOutput[]): Promise<void> {
    const violations: Violation[] = [];
    // One by one: the same id may be named twice, with one file that is right.
    for (const { id, ...file } of outputs)
      violations.push(...(await this.violationsOf(Object.fromEntries([[id, { kind: 'file', ...file }]]))));
    if (violations.length === 0) return;
    this.failure ??= invalidOutput(violations);
    throw new DomainError('invalid-output', this.failure.detail);
  }

  private isRestored(id: string, output: ProducedOutput): boolean {
    const known = this.restored.get(id);
    return (
      known !== undefined &&
      Object.hasOwn(this.declared, id) &&
      output.kind === 'file' &&
      output.path === known.path &&
      output.size === known.size &&
      output.sha256 === known.sha256 &&
      output.mediaType === known.mediaType
    );
  }

  private async write<Value>(call: () => Promise<Value>): Promise<Value> {
    const writing = call();
    this.writes.add(writing);
    try {
      return await writing;
    } finally {
      this.writes.delete(writing);
    }
  }

  private async watch<Value>(call: () => Promise<Value>, isHarmless = (_: unknown) => false): Promise<Value> {
    try {
      return await call();
    } catch (error) {
      if (isHarmless(error)) throw error;
      if (!(error instanceof DomainError)) this.logger.error(`The journal of a job failed: ${stackOf(error)}`);
      this.failure ??= serviceFault(error);
      throw error;
    }
  }
}
