import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Settings } from '../../src/config/settings.js';
import { ChildRunner } from '../../src/engine/child-runner.js';
import { Engine } from '../../src/engine/engine.js';
import type { ExecutionObserver, ExecutionOutcome, LogLine } from '../../src/engine/execution-unit.js';
import { ExecutorEntry } from '../../src/engine/executor-entry.js';
import { ExecutorPool } from '../../src/engine/executor-pool.js';
import { TestStorages } from './storages.js';
import { InlineRunner } from '../../src/engine/inline-runner.js';
import {
  StepJournal,
  type Artifact,
  type StepEnd,
  type StepReceipt,
  type StepStart,
  type StepVerdict,
} from '../../src/flows/step-journal.js';
import { ProcessRegistry } from '../../src/processes/process-registry.js';
import type { RegisteredProcess } from '../../src/processes/registered-process.js';

/** What a run said and asked for, in the order in which the service heard it. */
export class Transcript implements ExecutionObserver {
  readonly entries: string[] = [];
  private readonly waiting: { readonly entry: string; readonly resolve: () => void }[] = [];

  progress(percent: number): void {
    this.add(`progress ${percent}`);
  }

  log({ level, message }: LogLine): void {
    this.add(`${level}: ${message}`);
  }

  add(entry: string): void {
    this.entries.push(entry);
    for (const waiter of this.waiting) if (entry.startsWith(waiter.entry)) waiter.resolve();
  }

  /** Resolves when an entry that starts so has come. */
  heard(entry: string): Promise<void> {
    if (this.entries.some((known) => known.startsWith(entry))) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push({ entry, resolve }));
  }
}

/** A journal in the memory of the service, which outlives the runs of a job. */
export class KeptJournal extends StepJournal {
  readonly ends = new Map<string, StepEnd>();
  readonly artifacts: Artifact[] = [];
  readonly begun = new Map<string, number>();
  /** Answers in the place of what is on record. */
  verdict?: (step: StepStart) => Promise<StepVerdict> | undefined;
  transcript = new Transcript();

  begin(step: StepStart): Promise<StepVerdict> {
    this.transcript.add(`begin ${step.key}`);
    const special = this.verdict?.(step);
    if (special !== undefined) return special;
    const known = this.ends.get(step.key);
    if (known?.end === 'completed') return Promise.resolve({ ...known, do: 'return' });
    if (known?.end === 'failed') return Promise.resolve({ do: 'throw', fault: known.fault });
    const attempt = (this.begun.get(step.key) ?? 0) + 1;
    this.begun.set(step.key, attempt);
    return Promise.resolve({ do: 'run', attempt });
  }

  end(end: StepEnd): Promise<StepReceipt> {
    this.transcript.add(`end ${end.key}`);
    this.ends.set(end.key, end);
    return Promise.resolve({ do: 'go' });
  }

  keep(artifact: Artifact): Promise<void> {
    this.transcript.add(`keep ${artifact.key}`);
    this.artifacts.push(artifact);
    return Promise.resolve();
  }
}

/** How one unit is run. */
export interface BenchRun {
  readonly transcript?: Transcript;
  readonly steps?: StepJournal;
  readonly signal?: AbortSignal;
  /** Which run of the job this is: each has a directory of its own. */
  readonly attempt?: number;
  /** milliseconds */
  readonly timeout?: number;
}

/** An engine on real executors, whose program is a fixture. Close it after each test. */
export class ExecutorBench {
  readonly root = mkdtempSync(join(tmpdir(), 'executors-'));
  readonly pool: ExecutorPool;
  private readonly registry = new ProcessRegistry();
  private readonly engine: Engine;

  /** @param entry file name of a fixture */
  constructor(entry: string) {
    const settings = Settings.parse({ EXECUTOR_WARM: '0', CANCEL_GRACE: '300ms' });
    const path = fileURLToPath(new URL(`../fixtures/executors/${entry}`, import.meta.url));
    this.pool = new ExecutorPool(settings, Object.assign(new ExecutorEntry(), { path }));
    this.engine = new Engine(
      this.registry,
      new InlineRunner(settings),
      new ChildRunner(settings, this.pool),
      new TestStorages(),
      settings,
    );
  }

  directory(attempt = 1): string {
    return join(this.root, `${attempt}`);
  }

  run(
    processId: string,
    inputs: Record<string, unknown> = {},
    { transcript = new Transcript(), steps, signal, attempt = 1, timeout = 60_000 }: BenchRun = {},
  ): Promise<ExecutionOutcome> {
    this.registry.fill([serviceView(processId)]);
    const unit = { jobId: 'a-job', processId, attempt, inputs, timeout, directory: this.directory(attempt) };
    return this.engine.run(unit, transcript, signal ?? new AbortController().signal, steps);
  }

  async close(): Promise<void> {
    await this.pool.close();
    rmSync(this.root, { recursive: true });
  }
}

/** The service's view of a process of the fixture; its code runs in the executors only. */
function serviceView(id: string): RegisteredProcess {
  return {
    description: {
      id,
      version: '1.0.0',
      jobControlOptions: [],
      outputTransmission: [],
      inputs: {},
      outputs: { result: { schema: {} }, map: { schema: {} } },
    },
    policy: { isolation: 'child', syncJobs: true },
    handler: { execute: () => Promise.reject(new Error('must not run in the service')) },
    validateInputs: () => [],
    validateEachInput: () => [],
    reviveInputs: (values) => values,
    validateOutputs: () => [],
  };
}
