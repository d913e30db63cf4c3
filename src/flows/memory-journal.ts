import { NonDeterminismError } from './non-determinism.error.js';
import type { ProcessFault } from './process-fault.js';
import {
  StepJournal,
  type Artifact,
  type StepEnd,
  type StepOutput,
  type StepReceipt,
  type StepStart,
  type StepVerdict,
} from './step-journal.js';

/** Asks whoever runs the flow; `sluice flow run --local` does so on the terminal. */
export type AskForInput = (request: NonNullable<StepStart['request']>, key: string) => Promise<unknown>;

/** How a job of another process ended. */
export type ProcessEnd = { readonly value: Readonly<Record<string, unknown>> } | { readonly fault: ProcessFault };

/** Executes another process for a step; `sluice flow run --local` does so in place. */
export type RunOtherProcess = (process: NonNullable<StepStart['process']>, key: string) => Promise<ProcessEnd>;

interface Row {
  readonly start: StepStart;
  attempt: number;
  end?: Extract<StepEnd, { end: 'completed' | 'failed' }>;
  answer?: unknown;
}

/** Answers a step that needs the service. */
const NEEDS_SERVICE: ProcessFault = {
  name: 'NotAvailableError',
  message:
    'This needs a job of a running service. Execute the process asynchronously, or without `syncJobs: false`, instead of ' +
    'as a run that leaves no job.',
};

/**
 * The memory of a run that has no job: it lasts as long as the run. Steps run, are tried again in place and sleep in
 * place; nothing is durable. Answers come from `ask` and other processes are executed by `runProcess`, where there are
 * such; a step that needs them fails otherwise.
 */
export class MemoryJournal extends StepJournal {
  /** What the flow showed, by key. */
  readonly artifacts = new Map<string, Artifact>();
  private readonly rows = new Map<string, Row>();
  private readonly cached = new Map<string, { value?: unknown; outputs?: readonly StepOutput[] }>();

  constructor(
    private readonly ask?: AskForInput,
    private readonly runProcess?: RunOtherProcess,
  ) {
    super();
  }

  async begin(start: StepStart): Promise<StepVerdict> {
    const known = this.rows.get(start.key);
    if (known && isDrift(known.start, start)) {
      if (start.onDrift !== 'rerun') return drift(start.key);
      this.rows.delete(start.key);
    }
    const row = this.rows.get(start.key);
    if (row?.end) return verdictOf(row.end);
    if (start.kind === 'process') return this.execute(start);
    if (start.kind === 'input') return this.answer(start);
    const cached = row ? undefined : this.lookUp(start);
    if (cached) return { do: 'return', ...cached };
    const attempt = (row?.attempt ?? 0) + 1;
    if (row) this.forgetFailuresIn(start.key);
    this.rows.set(start.key, { start, attempt, answer: row?.answer });
    return { do: 'run', attempt, ...(row?.answer !== undefined && { answer: row.answer }) };
  }

  async end(end: StepEnd): Promise<StepReceipt> {
    const row = this.rows.get(end.key);
    if (!row) throw new Error(`The step "${end.key}" has ended without a beginning`);
    if (end.end === 'paused') {
      if (this.ask) row.answer = await this.ask(end.request, end.key);
      else row.end = { key: end.key, end: 'failed', name: 'Failed', fault: NEEDS_SERVICE };
    } else if (end.end !== 'retry') {
      row.end = end;
      this.keepResult(row.start, end);
    }
    return { do: 'go' };
  }

  keep(artifact: Artifact): Promise<void> {
    this.artifacts.set(artifact.key, artifact);
    return Promise.resolve();
  }

  /** What has failed runs anew, in another attempt of the process. */
  forgetFailures(): void {
    for (const [key, { end }] of this.rows) if (end?.end === 'failed') this.rows.delete(key);
  }

  private async execute(start: StepStart): Promise<StepVerdict> {
    if (!this.runProcess) return { do: 'throw', fault: NEEDS_SERVICE };
    const { key } = start;
    const ended = await this.runProcess(start.process!, key);
    const end =
      'fault' in ended
        ? ({ key, end: 'failed', name: 'Failed', fault: ended.fault } as const)
        : ({ key, end: 'completed', name: 'Completed', value: ended.value } as const);
    this.rows.set(key, { start, attempt: 1, end });
    return verdictOf(end);
  }

  private async answer(start: StepStart): Promise<StepVerdict> {
    if (!this.ask) return { do: 'throw', fault: NEEDS_SERVICE };
    const value = await this.ask(start.request!, start.key);
    const end = { key: start.key, end: 'completed', name: 'Completed', value } as const;
    this.rows.set(start.key, { start, attempt: 1, end });
    return verdictOf(end);
  }

  private lookUp({ cache }: StepStart): { value?: unknown; outputs?: readonly StepOutput[] } | undefined {
    return cache && !cache.refresh ? this.cached.get(cache.key) : undefined;
  }

  private keepResult({ cache }: StepStart, end: StepEnd): void {
    if (!cache || end.end !== 'completed' || end.name !== 'Completed') return;
    const { value, outputs } = end;
    this.cached.set(cache.key, { ...(value !== undefined && { value }), ...(outputs && { outputs }) });
  }

  /** Another attempt of a step runs those steps anew that failed inside of it. */
  private forgetFailuresIn(key: string): void {
    for (const [inner, { end }] of this.rows) {
      if (inner.startsWith(`${key}/`) && end?.end === 'failed') this.rows.delete(inner);
    }
  }
}

function isDrift(known: StepStart, start: StepStart): boolean {
  return known.inputHash !== start.inputHash || known.kind !== start.kind || known.name !== start.name;
}

function drift(key: string): StepVerdict {
  const { name, message } = NonDeterminismError.ofStep(key);
  return { do: 'throw', fault: { name, message } };
}

function verdictOf(end: NonNullable<Row['end']>): StepVerdict {
  if (end.end === 'failed') return { do: 'throw', fault: end.fault };
  const { value, outputs, name } = end;
  return {
    do: 'return',
    ...(value !== undefined && { value }),
    ...(outputs && { outputs }),
    ...(name === 'Skipped' && { skipped: true }),
  };
}
