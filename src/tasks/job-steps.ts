import { readFile } from 'node:fs/promises';
import type { LimitFunction } from 'p-limit';
import type { Settings } from '../config/settings.js';
import type { Database } from '../database/database.js';
import { untilAvailable } from '../database/until-available.js';
import type { ExecutionOutcome } from '../engine/execution-unit.js';
import { NonDeterminismError } from '../flows/non-determinism.error.js';
import type { ProcessFault } from '../flows/process-fault.js';
import type { StepTransactions } from '../flows/step-host.js';
import {
  type Artifact,
  type StepEnd,
  StepJournal,
  type StepReceipt,
  type StepStart,
  type StepVerdict,
} from '../flows/step-journal.js';
import type { JobDispatch } from '../jobs/job-dispatch.js';
import type { RunFiles } from '../jobs/files/run-files.js';
import type { SlotQueue } from '../jobs/limits/slot-queue.js';
import { isTerminal } from '../jobs/job-state.js';
import type { HeldLease } from '../jobs/store/job-leases.js';
import type { ChildJobs } from './child-jobs.js';
import type { RunLog } from './run-log.js';
import { TaskWatch, type WatchTools } from './task-watch.js';
import { JobTransactions, type RecordingSteps } from './step-transactions.js';
import { GuardedSteps } from './limits/guarded-steps.js';
import { isGuarded, type StepEntrance } from './limits/step-entrance.js';
import type { Artifacts } from './store/artifacts.js';
import type { Beginning, Opening, StepBeginnings } from './store/step-beginnings.js';
import type { StepEndings } from './store/step-endings.js';
import type { StepMemory } from './store/step-memory.js';
import type { StepRow } from './store/step-row.js';
import type { StoredStepOutput } from './task.types.js';

/** A failed attempt is followed by the next one in place when it comes this soon; else the worker is released. Milliseconds. */
const LONGEST_WAIT_IN_PLACE = 10_000;

/** Bytes of JSON; a larger result of another job is handed on as a file. */
const LARGEST_VALUE = 1024 ** 2;

/** With fewer signals than there can be, a job goes on at once. */
const NONE_SEEN = -1;

const STOP = { do: 'stop' } as const;
const SUSPEND = { do: 'suspend' } as const;
const GO = { do: 'go' } as const;

/** What the steps of every job work with. */
export interface JobStepsTools extends WatchTools {
  readonly database: Database;
  readonly memory: StepMemory;
  readonly beginnings: StepBeginnings;
  readonly endings: StepEndings;
  readonly entrance: StepEntrance;
  readonly queue: SlotQueue;
  readonly artifacts: Artifacts;
  readonly children: ChildJobs;
  readonly dispatch: JobDispatch;
  readonly settings: Settings;
  /** Bounds the connections that transactional tasks hold on this node. */
  readonly transactions: LimitFunction;
  readonly workerId: string;
}

/** A job that this node runs. */
export interface SteppingJob extends HeldLease {
  readonly processId: string;
  /** Whether earlier runs of the job, or the job that it repeats, may have left steps. */
  readonly isResumed: boolean;
  /** Number of signals to the job when it was claimed. */
  readonly signals?: number;
  /** The storage of its files; absent: DATA_DIR. */
  readonly storage?: string | null;
}

/**
 * The memory of the steps of one job that this node runs. What is on record is answered from it, everything else is one
 * statement, fenced by the claim. An outage of the database is waited out for as long as the job may go on.
 *
 * Most jobs have no steps: whatever serves them is made when the first one comes.
 */
export class JobSteps extends StepJournal {
  private memory: Promise<Map<string, StepRow>> | undefined;
  private keeps = false;
  /** Keys of the steps that the code of this run has come to. */
  private readonly met = new Set<string>();
  /** Keys of those that run anew because they are called with something else (`onDrift: 'rerun'`). */
  private readonly rerun = new Set<string>();
  private guardedSteps?: GuardedSteps;
  private taskWatch?: TaskWatch;
  private hasTasksElsewhere = false;
  private cutShort = false;
  private given: ExecutionOutcome | undefined;
  private jobTransactions?: JobTransactions;
  /** Whoever wraps it takes it at once; what stands behind it is made when a task is run in one. */
  readonly transactions: StepTransactions = {
    run: (work) => (this.jobTransactions ??= this.openTransactions()).run(work),
  };

  /** @param stop its signal is aborted when the job has to stop; it is read when a step wants to know */
  constructor(
    private readonly job: SteppingJob,
    private readonly files: RunFiles,
    private readonly stop: Pick<AbortController, 'signal'>,
    private readonly log: RunLog,
    private readonly tools: JobStepsTools,
  ) {
    super();
  }

  private get guarded(): GuardedSteps {
    return (this.guardedSteps ??= new GuardedSteps(this.job, this.signal, this.tools));
  }

  private get watch(): TaskWatch {
    const isPatient = !this.tools.settings.ALWAYS_SUSPEND;
    return (this.taskWatch ??= new TaskWatch(this.job.id, isPatient, (ask) => this.patiently(ask), this.tools));
  }

  private get signal(): AbortSignal {
    return this.stop.signal;
  }

  /** Whether a step of this run wrote outputs: the files of the attempt then belong to the record. */
  get hasFiles(): boolean {
    return this.keeps;
  }

  /** What became of the job with a task that another worker had to give up, or that drifted, whatever the flow says. */
  get givenUp(): ExecutionOutcome | undefined {
    return this.given;
  }

  /** Whether steps were put aside that could have gone on (ALWAYS_SUSPEND), so that nothing is to be waited for. */
  get isCutShort(): boolean {
    return this.cutShort;
  }

  /** How many signals to the job this run has seen; absent where that is known without counting. */
  get seenSignals(): number | undefined {
    if (this.cutShort) return NONE_SEEN;
    return this.hasTasksElsewhere ? (this.job.signals ?? 0) + this.watch.seen : undefined;
  }

  /** Keys of limits and results that steps of this run asked for; others may wait for them. */
  get limitKeys(): string[] {
    return this.guardedSteps?.limitKeys ?? [];
  }

  /**
   * A step on record that the code of this run, which has come to its end, did not come to: it took another way than
   * before. Where steps have failed another way is to be expected, so only those are meant that had begun earlier. What
   * a step calls is judged when that step ends, since it may be asked for its result only.
   * @param task whose code has come to its end; absent: that of the flow
   * @returns the fault, which names the step
   */
  async drift(task?: string): Promise<NonDeterminismError | undefined> {
    if (!this.job.isResumed) return undefined;
    const known = await this.remembered();
    const place = task === undefined ? '' : `${task}/`;
    const isOwn = (key: string) =>
      key.startsWith(place) && !outerPaths(key).some((path) => path.length > place.length && known.has(path));
    const unmet = [...known.keys()].filter((key) => !this.met.has(key) && isOwn(key));
    if (unmet.length === 0) return undefined;
    const [key] = await this.patiently(() => this.tools.memory.certain(this.job.id, unmet, [...this.rerun]));
    return key === undefined ? undefined : NonDeterminismError.withoutStep(key);
  }

  async begin(step: StepStart): Promise<StepVerdict> {
    const verdict = await this.verdict(step);
    this.guarded.begun(step, verdict);
    return verdict;
  }

  async end(end: StepEnd): Promise<StepReceipt> {
    const receipt = await this.receipt(end);
    await this.guarded.ended(end, receipt);
    return receipt;
  }

  private async verdict(step: StepStart): Promise<StepVerdict> {
    this.met.add(step.key);
    return await this.unlessStopped(async () => {
      const known = (await this.remembered()).get(step.key);
      const hasDrifted = known !== undefined && isDrift(known, step);
      if (hasDrifted && step.onDrift !== 'rerun') return drifted(known);
      if (hasDrifted) this.rerun.add(step.key);
      const isRecorded = known !== undefined && !hasDrifted;
      if (isRecorded && isTerminal(known.state_type)) return this.replay(known);
      if (this.isForOthers(step)) return await this.beginElsewhere(step, isRecorded ? known : undefined);
      return isWaiting(step) ? await this.beginWaiting(step, isRecorded) : await this.beginWorking(step);
    });
  }

  private async receipt(end: StepEnd): Promise<StepReceipt> {
    return await this.unlessStopped(async () => {
      const drift = end.end === 'completed' ? await this.drift(end.key) : undefined;
      if (drift !== undefined) {
        this.given ??= { kind: 'failed', fault: { code: 'non-determinism', detail: drift.message } };
        return STOP;
      }
      const outputs = await this.outputsOf(end);
      await this.log.flushLines();
      if (!(await this.patiently(() => this.tools.endings.end(this.job, end, outputs)))) return STOP;
      if (end.end === 'retry') await this.forgetFailuresIn(end.key);
      return this.receiptOf(end);
    });
  }

  async keep(artifact: Artifact): Promise<void> {
    await this.unlessStopped(async () => {
      await this.patiently(() => this.tools.artifacts.keep(this.job, artifact));
      return STOP;
    });
  }

  /**
   * The outputs of a completed step as rows keep them; their files are then where those of the job are kept. To be
   * called before they are put on record.
   * @throws DomainError `storage-unavailable`
   */
  async outputsOf(end: StepEnd): Promise<StoredStepOutput[]> {
    const outputs = end.end === 'completed' ? (end.outputs ?? []) : [];
    if (outputs.length === 0) return [];
    const kept = await Promise.all(
      outputs.map(async (output) => {
        const { mediaType, size, sha256 } = output;
        return { ...output, path: await this.files.keep(output.path, { mediaType, size, sha256 }) };
      }),
    );
    // What a statement has written counts, also when its answer is lost.
    this.keeps = true;
    return kept;
  }

  /** What follows an end that is on record. */
  receiptOf(end: StepEnd): StepReceipt {
    const waits = end.end === 'paused' || (end.end === 'retry' && end.delay > LONGEST_WAIT_IN_PLACE);
    if (waits) return SUSPEND;
    if (!this.tools.settings.ALWAYS_SUSPEND) return GO;
    if (end.end !== 'retry') this.cutShort = true;
    return SUSPEND;
  }

  private async beginWorking(step: StepStart): Promise<StepVerdict> {
    const { beginnings, workerId } = this.tools;
    for (;;) {
      const { kind, row } = isGuarded(step)
        ? await this.guarded.enter(step, (operation) => this.patiently(operation))
        : { kind: 'asked', row: await this.patiently(() => beginnings.start(this.job, step, workerId)) };
      if (row === undefined) return STOP;
      if (kind === 'waits') return SUSPEND;
      if (row.begun !== null) {
        return kind === 'asked' ? this.attempt(row.begun, row.begun_answer) : await this.replay(row as StepRow);
      }
      const verdict = await this.found(row, step);
      if (verdict !== undefined) return verdict;
    }
  }

  private isForOthers(step: StepStart): boolean {
    return step.arguments !== undefined && this.job.task === undefined;
  }

  /** Has a task run by a worker of its own, and stays a while to see it end. */
  private async beginElsewhere(asked: StepStart, known: StepRow | undefined): Promise<StepVerdict> {
    this.hasTasksElsewhere = true;
    if (known?.is_elsewhere) return await this.seen(asked);
    const step = await this.forAnotherWorker(asked);
    const { dispatches, dispatch } = this.tools;
    for (;;) {
      const { kind, row } = isGuarded(step)
        ? await this.guarded.enter(step, (operation) => this.patiently(operation))
        : { kind: 'asked', row: await this.patiently(() => dispatches.dispatch(this.job, step)) };
      if (row === undefined) return STOP;
      if (kind === 'waits') return SUSPEND;
      if (row.begun !== null) {
        if (kind !== 'asked') return await this.replay(row as StepRow);
        dispatch.dispatch({ id: this.job.id, task: step.key, dispatches: row.dispatches ?? 1 });
        return await this.seen(step);
      }
      const isSame = row.owned && row.key !== null && !isDrift(row, step);
      if (isSame && row.is_elsewhere) return await this.seen(step);
      if (isSame && row.state_name === 'Suspended') return SUSPEND;
      const verdict = await this.found(row, step);
      if (verdict !== undefined) return verdict;
    }
  }

  /** The step with the locations of files in the place of their paths, which mean nothing on another machine. */
  private async forAnotherWorker(step: StepStart): Promise<StepStart> {
    const { marks, ...rest } = step.arguments!;
    if (marks === undefined) return step;
    const handedOver = await Promise.all(
      marks.map(async (mark) =>
        mark.is === 'file' ? { ...mark, path: await this.files.handOver(mark.path, mark.mediaType) } : mark,
      ),
    );
    return { ...step, arguments: { ...rest, marks: handedOver } };
  }

  private async seen({ key }: StepStart): Promise<StepVerdict> {
    const row = await this.watch.ended(key);
    if (this.signal.aborted) return STOP;
    return row !== undefined && isTerminal(row.state_type) ? await this.replay(row) : SUSPEND;
  }

  private async beginWaiting(step: StepStart, isRecorded: boolean): Promise<StepVerdict> {
    if (isRecorded) return await this.wake(step);
    const { beginnings, children, dispatch, workerId } = this.tools;
    const opening = await this.opening(step);
    for (;;) {
      const row = await this.patiently(() => beginnings.open(this.job, step, workerId, opening));
      const { child, fault } = opening;
      const isOpen = row !== undefined && row.begun !== null;
      if (isOpen && child !== undefined) dispatch.dispatch({ id: child.id, dispatches: 1 });
      if (isOpen) return fault === undefined ? SUSPEND : { do: 'throw', fault };
      const verdict = row === undefined ? STOP : await this.found(row, step);
      if (verdict === undefined) continue;
      // It is on record when only the answer to an earlier call was lost; then its inputs are those of a real job.
      if (child !== undefined && row?.key == null) await children.discard(child);
      return verdict;
    }
  }

  /** What there is to do about a step that a statement did not begin; nothing when its reason is gone already. */
  private async found(row: Beginning, step: StepStart): Promise<StepVerdict | undefined> {
    if (!row.owned) return STOP;
    if (row.key === null) return row.pause_requested ? SUSPEND : undefined;
    if (isDrift(row, step) && step.onDrift !== 'rerun') return drifted(row);
    if (isTerminal(row.state_type)) return isDrift(row, step) ? undefined : this.replay(row);
    if (isWaiting(step)) return await this.wake(step);
    // The answer to an earlier call was lost.
    if (row.state_type === 'RUNNING' && row.epoch === this.job.epoch) return this.attempt(row.attempt, row.answer);
    if (row.state_type === 'PAUSED' && row.answer === null) return row.is_due ? await this.wake(step) : SUSPEND;
    if (row.state_type === 'SCHEDULED' && row.is_due === false) return SUSPEND;
    return row.pause_requested ? SUSPEND : undefined;
  }

  /** The statement that makes another attempt has made them begin anew. */
  async forgetFailuresIn(key: string): Promise<void> {
    const memory = await this.remembered();
    for (const [inner, { state_type: state }] of memory) {
      if (inner.startsWith(`${key}/`) && state === 'FAILED') memory.delete(inner);
    }
  }

  private async wake({ key }: StepStart): Promise<StepVerdict> {
    const row = await this.patiently(() => this.tools.beginnings.wake(this.job, key));
    if (row === undefined || !row.owned) return STOP;
    return row.key === null ? SUSPEND : await this.replay(row);
  }

  private async opening(step: StepStart): Promise<Opening> {
    switch (step.kind) {
      case 'sleep':
        return { stateType: 'SCHEDULED', stateName: 'Sleeping', wakeIn: step.sleep ?? 0, event: 'task-started' };
      case 'input':
        return {
          stateType: 'PAUSED',
          stateName: 'AwaitingInput',
          wakeIn: step.request?.timeout,
          event: 'input-requested',
        };
      default: {
        const prepared = await this.tools.children.prepare(this.job.id, step.process!);
        return 'message' in prepared
          ? { stateType: 'FAILED', stateName: 'Failed', fault: prepared, event: 'task-failed' }
          : { stateType: 'RUNNING', stateName: 'AwaitingProcess', child: prepared, event: 'task-started' };
      }
    }
  }

  private attempt(attempt: number, answer: string | null): StepVerdict {
    return { do: 'run', attempt, ...(answer !== null && { answer: JSON.parse(answer) as unknown }) };
  }

  private async replay(row: StepRow): Promise<StepVerdict> {
    if (row.state_type === 'CRASHED' || row.state_name === 'JobTimedOut') {
      const isCrash = row.state_type === 'CRASHED';
      const fault = { code: isCrash ? 'crashed' : 'timed-out', detail: row.fault?.message ?? row.state_name } as const;
      this.given ??= { kind: isCrash ? 'crashed' : 'timed-out', fault };
      return STOP;
    }
    if (row.state_type !== 'COMPLETED') return { do: 'throw', fault: row.fault ?? unknownFault(row) };
    const value = row.value === null ? undefined : (JSON.parse(row.value) as unknown);
    const kept = row.outputs ?? [];
    if (row.kind === 'process') return { do: 'return', value: await this.resultsOf(value, kept) };
    const outputs = kept.map((output) => ({ ...output, path: this.files.pathOf(output.path) }));
    return {
      do: 'return',
      ...(value !== undefined && { value }),
      ...(outputs.length > 0 && { outputs }),
      ...(row.state_name === 'Skipped' && { skipped: true }),
    };
  }

  /**
   * The results of a job by output id: JSON values, also where they were kept as files; of another file, where it is and
   * what it holds.
   */
  private async resultsOf(values: unknown, files: readonly StoredStepOutput[]): Promise<Record<string, unknown>> {
    const results = { ...(values as Record<string, unknown>) };
    for (const { id, path: location, ...facts } of files) {
      const path = await this.files.fetch(location);
      const isValue = /[/+]json$/.test(facts.mediaType) && facts.size <= LARGEST_VALUE;
      results[id] = isValue ? (JSON.parse(await readFile(path, 'utf8')) as unknown) : { path, ...facts };
    }
    return results;
  }

  private openTransactions(): JobTransactions {
    const { job, signal, tools } = this;
    const recording: RecordingSteps = {
      end: (end) => this.end(end),
      outputsOf: (end) => this.outputsOf(end),
      receiptOf: (end) => this.receiptOf(end),
      flushLog: () => this.log.flushLines(),
      ended: (end, receipt) => this.guarded.ended(end, receipt),
    };
    const { database, endings, transactions } = tools;
    return new JobTransactions(job, signal, recording, database, endings, transactions);
  }

  private remembered(): Promise<Map<string, StepRow>> {
    this.memory ??= this.job.isResumed
      ? this.patiently(() => this.tools.memory.load(this.job))
      : Promise.resolve(new Map());
    return this.memory;
  }

  /** Waits for a database that is away, for as long as the job may go on. */
  async patiently<T>(operation: () => Promise<T>): Promise<T> {
    return await untilAvailable(operation, this.signal);
  }

  /** @returns STOP instead of anything, once the job has to stop */
  async unlessStopped<T>(ask: () => Promise<T>): Promise<T | typeof STOP> {
    if (this.signal.aborted) return STOP;
    try {
      return await ask();
    } catch (error) {
      if (this.signal.aborted) return STOP;
      throw error;
    }
  }
}

/** Of `a/b/c`: `a` and `a/b`, the keys that a step around it would have. */
function outerPaths(key: string): string[] {
  return [...key.matchAll(/\//g)].map(({ index }) => key.slice(0, index));
}

/** Whether nothing of the step runs in the executor. */
function isWaiting({ kind }: StepStart): boolean {
  return kind === 'sleep' || kind === 'input' || kind === 'process';
}

function isDrift(row: Pick<StepRow, 'kind' | 'name' | 'input_hash'>, step: StepStart): boolean {
  return row.kind !== step.kind || row.name !== step.name || row.input_hash !== step.inputHash;
}

function drifted({ key }: Pick<StepRow, 'key'>): StepVerdict {
  const { name, message } = NonDeterminismError.ofStep(key);
  return { do: 'throw', fault: { name, message } };
}

function unknownFault({ name, state_name: state }: StepRow): ProcessFault {
  return { name: 'TaskFailedError', message: `The step "${name}" ended as ${state}.` };
}
