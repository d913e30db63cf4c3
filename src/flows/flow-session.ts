import type { JobContext } from '../processes/job-context.js';
import { isSignal } from '../processes/flow-signals.js';
import { flowFrames, type RunningFlow, type TaskCall } from '../processes/running-flow.js';
import { SystemClock, type Clock } from './clock.js';
import { DataEdges } from './data-edges.js';
import { FlowContext } from './flow-context.js';
import { inputHash } from './input-hash.js';
import { NonDeterminismError } from './non-determinism.error.js';
import { Quiescence } from './quiescence.js';
import type { FlowSessionOptions, StepFrame, StepHost, StepTransaction } from './step-host.js';
import { endingOf, type ThrownEnding } from './step-ending.js';
import { toError, toFault } from './step-fault.js';
import type { StepEnd, StepReceipt, StepStart, StepVerdict } from './step-journal.js';
import { fromRemoteArguments, toRemoteArguments, type RemotePlaces } from './remote-arguments.js';
import { taskOf, type RemoteTask } from './remote-task.js';
import { StepScope } from './step-key.js';
import { StepLimit } from './step-limit.js';
import type { StepPlan, StepResult } from './step-plan.js';
import { StepPlace, StepRun } from './step-run.js';
import { planTask } from './task-plan.js';
import { rememberedValue, revive } from './step-value.js';

/** What became of the code of a process. `suspended`: it waits, for what is in the journal, and is to be run anew then. */
export type SessionOutcome<Value> =
  { readonly kind: 'returned'; readonly value: Value } | { readonly kind: 'suspended' };

/** How an attempt ended, and what the caller of the step gets if that is final. */
interface Attempt {
  readonly end: StepEnd;
  readonly thrown?: unknown;
}

/** The step around it has taken too long: nothing of the attempt counts, and what it has written is undone. */
class UncountedAttempt extends Error {}

const isRunning = (verdict: StepVerdict): verdict is Extract<StepVerdict, { do: 'run' }> => verdict.do === 'run';

const SYSTEM_CLOCK = new SystemClock();

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';

/**
 * One run of the code of a process over the memory of its steps. Costs next to nothing until a step is used.
 *
 * The code is called once per run. Steps that ended in an earlier run return what the journal says; others run now. When
 * all steps under way wait for something that takes long, the run ends as suspended: the code is left where it stands,
 * its promises never settle, and what it calls later does nothing.
 */
export class FlowSession implements RunningFlow, StepHost {
  readonly context: JobContext;
  readonly edges = new DataEdges();
  private ownQuiescence?: Quiescence;
  private readonly clock: Clock;
  private readonly random: () => number;
  private waits?: Set<AbortController>;
  private rootFrame?: StepFrame;
  private isClosed = false;
  private hasFailed = false;
  private suspend: () => void = () => undefined;
  private fail: (error: unknown) => void = () => undefined;
  private strayed?: NonDeterminismError;
  private isWatched = false;

  constructor(readonly options: FlowSessionOptions) {
    this.context = new FlowContext(this);
    this.clock = options.clock ?? SYSTEM_CLOCK;
    this.random = options.random ?? Math.random;
  }

  /**
   * Runs the code of the process.
   * @returns at once what code has returned that called no step and waits for nothing; else when every step that it
   * called has ended as well, or when the run is suspended
   * @throws what the code threw, as a rejection, or NonDeterminismError
   */
  execute<Value>(run: () => Value | Promise<Value>): SessionOutcome<Value> | Promise<SessionOutcome<Value>> {
    let called: Value | Promise<Value>;
    try {
      called = this.call(run);
    } catch (error) {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- it is whatever the code threw
      called = Promise.reject(error);
    }
    if (this.rootFrame || isThenable(called)) return this.follow(called);
    this.isClosed = true;
    return { kind: 'returned', value: called };
  }

  private async follow<Value>(called: Value | Promise<Value>): Promise<SessionOutcome<Value>> {
    try {
      return await new Promise<SessionOutcome<Value>>((resolve, reject) => {
        this.suspend = () => resolve({ kind: 'suspended' });
        this.fail = reject;
        // Before its first wait the code runs before it is followed.
        if (this.strayed) reject(this.strayed);
        this.settled(called).then(resolve, reject);
      });
    } catch (error) {
      this.giveUp();
      if (this.rootFrame) await this.quiescence.idle(this.rootFrame.place);
      if (isSignal(error, 'SuccessSignal')) return { kind: 'returned', value: error.value as Value };
      if (isSignal(error, 'SkipSignal')) return { kind: 'returned', value: undefined as Value };
      throw error;
    } finally {
      this.isClosed = true;
    }
  }

  /**
   * Runs a single task of a flow whose code runs elsewhere, with the steps inside of it.
   * @returns when the task has ended, or when the run is suspended
   * @throws what the task failed with
   */
  async executeTask({ key, name, inputHash: hash, arguments: given }: RemoteTask): Promise<SessionOutcome<void>> {
    return await this.execute(async () => {
      const { mark, method } = taskOf(this.options.process.handler, name);
      const args = fromRemoteArguments(given, this.places());
      if (inputHash(name, args, this.isContext) !== hash) {
        throw new Error(
          `The task "${name}" got other arguments here than it was called with. A distributed flow must not change ` +
            'its inputs, and passes plain JSON values, files among the inputs, and the context.',
        );
      }
      const plan = planTask(this, { mark, args, method: () => method(args) });
      await flowFrames.run(this.root(), () => this.step({ ...plan, key, isRemotable: false }));
    });
  }

  /** Where the code runs that asks. */
  frame(): StepFrame {
    return this.stepFrame() ?? this.root();
  }

  /** The attempt of a step whose code asks; undefined outside of steps. */
  stepFrame(): StepFrame | undefined {
    const frame = flowFrames.getStore();
    return frame?.flow === this ? (frame as StepFrame) : undefined;
  }

  readonly isContext = (value: unknown): boolean => value === this.context;

  async callTask(call: TaskCall): Promise<unknown> {
    return (await this.step(planTask(this, call))).value;
  }

  /** Runs a step, or remembers it. @throws what it failed with */
  async step(plan: StepPlan): Promise<StepResult> {
    const frame = this.frame();
    if (this.isClosed || this.hasFailed) return this.park(frame);
    frame.signal.throwIfAborted();
    if (frame.place.hasEnded) {
      throw new Error(`The step "${plan.key}" was called by code of "${frame.step?.key}", which has ended already`);
    }
    if (plan.isTransactional && frame.isInTransaction) {
      throw new Error(`The transactional task "${plan.key}" was called within another one; only one of them can be`);
    }
    const args = plan.args.filter((argument) => !this.isContext(argument));
    const hash = inputHash(plan.start.name, plan.args, this.isContext);
    const after = plan.start.after ?? this.upstream(frame, args);
    const key = this.keyOf(plan, frame);
    if (key === undefined) return this.park(frame);
    const start: StepStart = {
      ...plan.start,
      key,
      inputHash: hash,
      after,
      ...(frame.step && { parent: frame.step.key }),
      ...(plan.definition.tags.length > 0 && { tags: plan.definition.tags }),
      ...(this.isForOthers(plan, frame) && {
        arguments: toRemoteArguments(plan.start.name, plan.args, this.places()),
      }),
    };
    const run = new StepRun(key);
    frame.place.open.add(run);
    try {
      const result = await this.attempts(plan, start, frame, run);
      this.edges.remember(key, result.value);
      return result;
    } finally {
      frame.place.open.delete(run);
      frame.scope.end(plan.key, key);
      this.quiescence.changed();
    }
  }

  private call<Value>(run: () => Value | Promise<Value>): Value | Promise<Value> {
    // Entering a frame slows down every promise a little, so it is left out where no task can ask for it.
    const { tasks, policy } = this.options.process;
    const hasTasks = tasks !== undefined || policy.executor !== undefined;
    return hasTasks ? flowFrames.run(this.root(), run) : run();
  }

  private async settled<Value>(called: Value | Promise<Value>): Promise<SessionOutcome<Value>> {
    const value = await called;
    if (this.rootFrame) await this.quiescence.idle(this.rootFrame.place);
    return { kind: 'returned', value };
  }

  private get quiescence(): Quiescence {
    return (this.ownQuiescence ??= new Quiescence());
  }

  /** The tasks that the flow itself calls may be run by others; what a task calls runs where it does. */
  private isForOthers({ isRemotable }: StepPlan, { step }: StepFrame): boolean {
    return isRemotable === true && step === undefined && this.options.process.policy.executor === 'distributed';
  }

  private places(): RemotePlaces {
    return { context: this.context, inputs: this.options.inputs };
  }

  private root(): StepFrame {
    if (this.rootFrame) return this.rootFrame;
    const { baseContext } = this.options;
    this.rootFrame = {
      flow: this,
      scope: new StepScope(''),
      place: new StepPlace(),
      get signal() {
        return baseContext.signal;
      },
    };
    return this.rootFrame;
  }

  private upstream({ scope }: StepFrame, args: readonly unknown[]): readonly string[] {
    const origin = this.edges.origin(args);
    return origin.length > 0 ? origin : [...scope.last];
  }

  private async attempts(plan: StepPlan, start: StepStart, frame: StepFrame, run: StepRun): Promise<StepResult> {
    for (;;) {
      run.phase = 'journal';
      const verdict = await this.options.journal.begin(start);
      if (!isRunning(verdict)) return this.remembered(plan, start.key, verdict, frame, run);
      if (this.isClosed || this.hasFailed) return this.setAside(run);
      frame.signal.throwIfAborted();
      run.phase = 'executing';
      const { end, thrown, receipt } = await this.recorded(plan, start.key, verdict, frame, run);
      if (receipt === undefined) return this.setAside(run);
      if (receipt.do === 'stop') this.isClosed = true;
      if (receipt.do !== 'go') return this.setAside(run);
      if (end.end === 'completed') {
        for (const { id } of end.outputs ?? []) frame.place.outputs.add(id);
        return { key: start.key, value: revive(end.value, plan.returns), isSkipped: end.name === 'Skipped' };
      }
      if (end.end === 'failed') throw toError(start.key, end.fault, thrown);
      if (end.end === 'retry') {
        run.phase = 'waiting';
        await this.wait(end.delay, frame.signal);
        if (this.isClosed || this.hasFailed) return this.setAside(run);
      }
    }
  }

  /** Makes an attempt and puts its end on record; without a receipt it came too late to count. */
  private async recorded(
    plan: StepPlan,
    key: string,
    verdict: Extract<StepVerdict, { do: 'run' }>,
    frame: StepFrame,
    run: StepRun,
  ): Promise<Attempt & { receipt?: StepReceipt }> {
    const { transactions } = this.options;
    if (plan.isTransactional && transactions) {
      let attempt: Attempt | undefined;
      const receipt = await transactions
        .run(async (transaction) => {
          if (attempt !== undefined) await this.discardOutputs(run.place!);
          run.phase = 'executing';
          attempt = await this.attempt(plan, key, verdict, frame, run, transaction);
          run.phase = 'journal';
          if (!frame.place.counts) throw new UncountedAttempt();
          return attempt.end;
        })
        .catch((error: unknown) => {
          if (error instanceof UncountedAttempt) return undefined;
          throw error;
        });
      return { ...attempt!, ...(receipt && { receipt }) };
    }
    const attempt = await this.attempt(plan, key, verdict, frame, run);
    run.phase = 'journal';
    return frame.place.counts ? { ...attempt, receipt: await this.options.journal.end(attempt.end) } : attempt;
  }

  private async remembered(
    plan: StepPlan,
    key: string,
    verdict: Exclude<StepVerdict, { do: 'run' }>,
    frame: StepFrame,
    run: StepRun,
  ): Promise<StepResult> {
    switch (verdict.do) {
      case 'return': {
        const outputs = verdict.outputs ?? [];
        if (outputs.length > 0) await this.options.restoreOutputs?.(outputs);
        for (const { id } of outputs) frame.place.outputs.add(id);
        return { key, value: revive(verdict.value, plan.returns), isSkipped: verdict.skipped === true };
      }
      case 'throw':
        if (verdict.fault.name !== 'NonDeterminismError') throw toError(key, verdict.fault);
        this.stray(new NonDeterminismError(verdict.fault.message));
        return this.setAside(run);
      case 'stop':
        this.isClosed = true;
        return this.setAside(run);
      case 'suspend':
        return this.setAside(run);
    }
  }

  private async attempt(
    plan: StepPlan,
    key: string,
    { attempt, answer }: Extract<StepVerdict, { do: 'run' }>,
    outer: StepFrame,
    run: StepRun,
    transaction?: StepTransaction,
  ): Promise<Attempt> {
    const { timeout, retry } = plan.definition;
    const limit = new StepLimit(outer.signal, timeout, this.clock);
    const place = new StepPlace(outer.place);
    run.place = place;
    const frame: StepFrame = {
      flow: this,
      scope: new StepScope(`${key}/`),
      place,
      signal: limit.signal,
      isInTransaction: outer.isInTransaction === true || transaction !== undefined,
      step: { key, answer, manager: transaction?.manager },
    };
    try {
      const returned = await limit.race(flowFrames.run(frame, () => this.work(plan, limit.signal)));
      await limit.race(this.settle(place));
      transaction?.assertOpen();
      return { end: await this.completed(key, place, { name: 'Completed', value: returned }) };
    } catch (error) {
      // Nothing is said of a step that ends because the job has to: it runs again when the job does.
      if (outer.signal.aborted) throw error;
      if (limit.passed) place.discard();
      else await this.quiescence.idle(place);
      const thrown = limit.passed ?? error;
      const ending = endingOf(thrown, attempt, retry, this.random, limit.passed !== undefined);
      return await this.afterThrow(key, place, thrown, ending);
    } finally {
      place.hasEnded = true;
      limit.end();
    }
  }

  private async work(plan: StepPlan, signal: AbortSignal): Promise<unknown> {
    if (plan.isTransactional && !this.options.transactions) {
      throw new Error('A transactional task needs a job of the service, which keeps its memory in the database');
    }
    if (!plan.work) {
      throw new Error(`A step of kind ${plan.start.kind} cannot run here: it needs a job of the service`);
    }
    return await plan.work(signal);
  }

  /** Waits for what the code of an attempt did not wait for. */
  private async settle(place: StepPlace): Promise<void> {
    await this.quiescence.idle(place);
    await Promise.all(place.writes);
  }

  private async completed(
    key: string,
    place: StepPlace,
    ending: { name: 'Completed' | 'Skipped'; value?: unknown; message?: string },
  ): Promise<StepEnd> {
    const value = rememberedValue(key, ending.value);
    const outputs = place.outputs.size > 0 ? await this.options.takeOutputs?.([...place.outputs]) : undefined;
    return {
      key,
      end: 'completed',
      name: ending.name,
      ...(value !== undefined && { value }),
      ...(ending.message && { message: ending.message }),
      ...(outputs && outputs.length > 0 && { outputs }),
    };
  }

  private async afterThrow(key: string, place: StepPlace, thrown: unknown, ending: ThrownEnding): Promise<Attempt> {
    if (ending.end === 'completed') {
      try {
        return { end: await this.completed(key, place, ending) };
      } catch (error) {
        return { end: { key, end: 'failed', name: 'Failed', fault: toFault(error) }, thrown: error };
      }
    }
    await this.discardOutputs(place);
    return { end: { key, ...ending }, thrown };
  }

  private async discardOutputs({ outputs }: StepPlace): Promise<void> {
    if (outputs.size > 0) await this.options.discardOutputs?.([...outputs]);
  }

  /** Waits in place. Returns early when the flow has failed. */
  async wait(milliseconds: number, signal: AbortSignal): Promise<void> {
    const controller = new AbortController();
    this.waits = (this.waits ?? new Set()).add(controller);
    try {
      await this.clock.wait(milliseconds, AbortSignal.any([signal, controller.signal]));
    } catch (error) {
      if (!controller.signal.aborted) throw error;
    } finally {
      this.waits?.delete(controller);
    }
  }

  /** @returns nothing when the flow fails for it */
  private keyOf({ key }: StepPlan, { scope }: StepFrame): string | undefined {
    try {
      return scope.begin(key);
    } catch (error) {
      if (!(error instanceof NonDeterminismError)) throw error;
      this.stray(error);
      return undefined;
    }
  }

  /** Fails the flow, which has no say in it: what it would do next does not fit its memory. */
  private stray(error: NonDeterminismError): void {
    this.giveUp();
    this.strayed = error;
    this.fail(error);
  }

  private giveUp(): void {
    this.hasFailed = true;
    for (const controller of this.waits ?? []) controller.abort();
  }

  /** A step that will not go on in this run. */
  private setAside(run: StepRun): Promise<never> {
    run.phase = 'suspended';
    this.watch();
    this.quiescence.changed();
    return new Promise<never>(() => undefined);
  }

  /** A call after the end: it does nothing, and its caller does not go on. */
  private park(frame: StepFrame): Promise<never> {
    const run = new StepRun('');
    frame.place.open.add(run);
    return this.setAside(run);
  }

  private watch(): void {
    if (this.isWatched) return;
    this.isWatched = true;
    void this.quiescence.resting(this.root().place).then(() => {
      this.isWatched = false;
      // A step that was put aside may have been given up by the code, which is still under way.
      this.isClosed = true;
      this.suspend();
    });
  }
}
