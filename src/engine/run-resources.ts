import { sep } from 'node:path';
import { storableText } from '../database/storable-text.js';
import { MemoryJournal } from '../flows/memory-journal.js';
import type { FlowSessionOptions, StepTransactions } from '../flows/step-host.js';
import type { StepOutput } from '../flows/step-journal.js';
import type { JobStorage, PlainContext } from '../processes/job-context.js';
import type { RegisteredProcess } from '../processes/registered-process.js';
import { BoundedLogger } from './bounded-logger.js';
import type { ExecutionObserver, ExecutionUnit } from './execution-unit.js';
import { RunJournal } from './run-journal.js';
import type { StorageUser } from './remote-storages.js';
import { mayUse, undeclared } from './storage-desk.js';
import { WorkDirectory } from './work-directory.js';
import { WrittenOutputs } from './written-outputs.js';
import type { Stop } from './time-limit.js';

/** The storages that the code of a run may use, by the names of their blocks; without a name that of the job. */
export interface RunStorages {
  of(name: string | undefined, user: StorageUser): JobStorage;
}

/**
 * What one run has in hand: the context of its code, and what its steps work with. Most runs use little of it, so each
 * part is made when it is first asked for. After {@link end} all of it is closed.
 */
export class RunResources implements PlainContext, FlowSessionOptions {
  readonly transactions?: StepTransactions;
  private boundedLogger?: BoundedLogger;
  private writtenOutputs?: WrittenOutputs;
  private work?: WorkDirectory;
  private makeWorkDirectory?: PlainContext['workDirectory'];
  private jobStorage?: PlainContext['storage'];
  private openStorage?: PlainContext['storageOf'];
  private tellProgress?: PlainContext['progress'];
  private revivedInputs?: Record<string, unknown>;
  private ended = false;
  private closed = false;

  /**
   * @param stop its signal becomes `context.signal`, read only when somebody asks for it
   * @param storages that code of the process may ask for
   * @param runJournal remembers the steps; without it they are remembered until the run ends
   */
  constructor(
    readonly process: RegisteredProcess,
    private readonly unit: ExecutionUnit,
    private readonly observer: ExecutionObserver,
    private readonly stop: Stop,
    private readonly storages: RunStorages,
    private runJournal?: RunJournal,
  ) {
    this.transactions = runJournal?.transactions;
  }

  get jobId(): string {
    return this.unit.jobId;
  }

  /** absolute; where outputs are kept */
  get outputDirectory(): string {
    return `${this.unit.directory}${sep}outputs`;
  }

  /** What every process is given, steps aside. */
  get baseContext(): PlainContext {
    return this;
  }

  get signal(): AbortSignal {
    return this.stop.signal;
  }

  /** What `execute` is called with. */
  get inputs(): Record<string, unknown> {
    return (this.revivedInputs ??= this.process.reviveInputs(this.unit.inputs));
  }

  get journal(): RunJournal {
    this.runJournal ??= new RunJournal(new MemoryJournal());
    if (this.ended) this.runJournal.close();
    return this.runJournal;
  }

  get logger(): BoundedLogger {
    this.boundedLogger ??= new BoundedLogger((line) => this.observer.log(line));
    if (this.closed) this.boundedLogger.close();
    return this.boundedLogger;
  }

  get outputs(): WrittenOutputs {
    const { outputs } = this.process.description;
    this.writtenOutputs ??= new WrittenOutputs(this.outputDirectory, outputs, this.stop, this.logger);
    if (this.ended) this.writtenOutputs.close();
    return this.writtenOutputs;
  }

  /** The outputs, if code or the record of a step has ever had to do with any. */
  get touchedOutputs(): WrittenOutputs | undefined {
    return this.writtenOutputs;
  }

  get workDirectory(): PlainContext['workDirectory'] {
    return (this.makeWorkDirectory ??= () => {
      if (this.ended) return Promise.reject(new Error('The execution has ended'));
      return (this.work ??= new WorkDirectory(this.unit.directory)).path();
    });
  }

  get storage(): PlainContext['storage'] {
    return (this.jobStorage ??= this.storages.of(undefined, this));
  }

  get storageOf(): PlainContext['storageOf'] {
    return (this.openStorage ??= (name) => {
      const { description, policy } = this.process;
      if (!mayUse(policy, name)) throw new Error(undeclared(description.id, name));
      return this.storages.of(name, this);
    });
  }

  get progress(): PlainContext['progress'] {
    return (this.tellProgress ??= (percent, message) => {
      if (this.ended || !Number.isFinite(percent)) return;
      this.observer.progress(
        Math.round(Math.min(100, Math.max(0, percent))),
        message ? storableText(String(message), 1_000) : undefined,
      );
    });
  }

  takeOutputs(ids: readonly string[]): StepOutput[] {
    return this.outputs.records(ids);
  }

  restoreOutputs(outputs: readonly StepOutput[]): void {
    this.outputs.restore(outputs);
  }

  discardOutputs(ids: readonly string[]): Promise<void> {
    return this.outputs.withdraw(ids);
  }

  /** Closes everything, at once if nothing has to be removed; code that goes on reaches nobody with it. */
  end(): Promise<void> | undefined {
    this.ended = true;
    this.runJournal?.close();
    this.writtenOutputs?.close();
    if (this.work === undefined) return this.close();
    const remains = (error: unknown) => this.logger.warn(`The work directory remains: ${String(error)}`);
    return this.work
      .remove()
      .catch(remains)
      .then(() => this.close());
  }

  private close(): undefined {
    this.closed = true;
    this.boundedLogger?.close();
  }
}
