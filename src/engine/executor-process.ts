import type { KnownSecrets } from '../blocks/secrets/known-secrets.js';
import type { TaskGraph } from '../flows/graph/task-graph.js';
import type { StepJournal } from '../flows/step-journal.js';
import { describeEnd } from './crash-report.js';
import { crashFault } from './execution-faults.js';
import type { ExecutionObserver, ExecutionUnit } from './execution-unit.js';
import { ExecutorGroup, type ChildEnd, type ExecutorLaunch } from './executor-group.js';
import { isExecutorMessage, isNamedAsOurs } from './executor-message-check.js';
import { toWireInputs, type ExecutableProcess, type ExecutorMessage, type RunNews } from './executor-messages.js';
import { OpenRun, type RunEnd } from './open-run.js';
import type { HandlerOutcome } from './run-handler.js';
import { HOOKS_LIMIT, LATE_HOOKS, type Conclusion } from './state-hooks.js';
import type { StorageDesk } from './storage-desk.js';
import type { StopReason } from './time-limit.js';

/** An executor did not come up; the message holds what it printed. */
export class ExecutorStartError extends Error {
  override readonly name = 'ExecutorStartError';
}

const START_LIMIT = 60_000;
/** A process that SIGKILL does not end hangs in the kernel; nobody waits for it longer than this. */
const KILL_LIMIT = 5_000;

/** The service's side of the conversation with one executor, which runs one unit at a time. */
export class ExecutorProcess {
  /** Resolves when the child is gone and what it printed has been read. */
  readonly gone: Promise<void>;
  /** What the child said it can run. */
  processes: readonly ExecutableProcess[] = [];
  /** Why it died, once it is gone. */
  lastWords = '';
  /** Runs begun so far. */
  runs = 0;
  private readonly group: ExecutorGroup;
  private run?: OpenRun;
  /** Of all runs so far: what an earlier one left behind may still print them. */
  private secrets?: KnownSecrets;
  private fatal?: Extract<ExecutorMessage, { type: 'fatal' }>;
  private startFailure?: string;
  /** Why nothing that it says counts any more. */
  private distrust?: string;
  private onReady?: () => void;
  private onTraced?: (graph: TaskGraph) => void;

  private constructor(
    private readonly launch: ExecutorLaunch,
    private readonly onPrinted: (level: 'info' | 'warn', line: string) => void,
  ) {
    this.group = new ExecutorGroup(launch, {
      received: (message) => this.receive(message),
      printed: (level, line) => this.printed(level, line),
    });
    this.gone = this.group.gone.then((end) => {
      this.lastWords = this.concealed(this.describeDeath(end));
      this.endRun(this.runEnd());
    });
  }

  /**
   * Starts a child and waits until it can take work.
   * @param onPrinted hears lines printed while no run is under way
   * @throws ExecutorStartError
   */
  static async start(
    launch: ExecutorLaunch,
    onPrinted: (level: 'info' | 'warn', line: string) => void,
  ): Promise<ExecutorProcess> {
    const executor = new ExecutorProcess(launch, onPrinted);
    const timer = setTimeout(() => {
      executor.startFailure ??= `it was not ready after ${START_LIMIT / 1000} seconds`;
      executor.kill();
    }, START_LIMIT);
    const ready = new Promise<void>((resolve) => (executor.onReady = resolve));
    await Promise.race([ready, executor.gone]);
    clearTimeout(timer);
    if (!executor.group.alive)
      throw new ExecutorStartError(`An executor could not be started: ${executor.describeStartFailure()}`);
    executor.group.hold(false);
    return executor;
  }

  get pid(): number {
    return this.group.pid;
  }

  /** Whether it can take a unit now. */
  get usable(): boolean {
    return this.group.alive && this.group.connected && this.run === undefined && this.distrust === undefined;
  }

  /**
   * Runs a unit; only while {@link usable}. Resolves in every case, also when the child dies.
   *
   * A process may have hooks to call once its outcome stands. The executor is usable again after {@link conclude}.
   * @param desk carries out what its code does in storages
   * @param journal of the steps; without it the executor keeps them in its memory
   */
  execute(
    { inputs, secrets, ...unit }: ExecutionUnit,
    observer: ExecutionObserver,
    desk?: StorageDesk,
    journal?: StepJournal,
  ): Promise<RunEnd> {
    const number = ++this.runs;
    const durable = journal !== undefined;
    if (secrets !== undefined) this.secrets = this.secrets?.with(secrets) ?? secrets;
    this.run = new OpenRun(number, observer, desk, journal, (command) => this.group.send(command));
    this.group.hold(true);
    this.group.send({ type: 'run', run: number, unit, inputs: toWireInputs(inputs), durable });
    return this.run.ended;
  }

  /**
   * Tells the process what became of its run, and waits for what it does then, for a bounded time. Nothing happens
   * when it has no hooks or is gone.
   */
  async conclude(conclusion: Conclusion): Promise<void> {
    const { run } = this;
    if (run === undefined) return;
    this.group.send({ type: 'concluded', run: run.number, conclusion });
    const timer = setTimeout(() => {
      run.printed.warn(LATE_HOOKS);
      this.distrust = 'its hooks took too long';
      this.kill();
      run.endHooks();
    }, HOOKS_LIMIT);
    await Promise.race([run.hooked, this.gone]);
    clearTimeout(timer);
    this.free();
  }

  /**
   * Has the steps of a flow found out; only while {@link usable}, and as the last thing it does: placeholders may have
   * stayed in the objects of the process.
   * @param limit milliseconds after which it is killed
   * @throws Error that says why there is no graph: it took too long, or the executor died over it
   */
  async trace(processId: string, limit: number): Promise<TaskGraph> {
    const traced = new Promise<TaskGraph>((resolve) => (this.onTraced = resolve));
    this.group.hold(true);
    this.group.send({ type: 'trace', run: ++this.runs, processId });
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.kill();
    }, limit);
    const graph = await Promise.race([traced, this.gone]);
    clearTimeout(timer);
    if (graph !== undefined) return graph;
    throw new Error(isLate ? `the flow took longer than ${limit} ms` : `its executor died: ${this.lastWords}`);
  }

  /** Asks the unit under way to end: its signal is aborted. */
  stop(reason: StopReason): void {
    if (this.run !== undefined) this.group.send({ type: 'stop', run: this.run.number, reason });
  }

  /** Ends the process group at once. */
  kill(): void {
    this.group.kill();
    // Outlived only by a process that hangs in the kernel.
    setTimeout(
      () => this.endRun({ kind: 'crashed', fault: crashFault('it hangs and cannot be killed') }),
      KILL_LIMIT,
    ).unref();
  }

  /** Lets an idle child close what it holds and leave, and ends it if it does not. */
  async leave(): Promise<void> {
    await this.group.leave();
    await this.gone;
  }

  private receive(message: unknown): void {
    if (this.distrust !== undefined || !isNamedAsOurs(message)) return;
    if (!isExecutorMessage(message)) {
      this.distrust = `it sent a malformed message "${message.type}" to the service`;
      this.kill();
    } else if (message.type === 'ready') {
      this.processes = message.processes;
      this.onReady?.();
    } else if (message.type === 'start-failed') {
      this.startFailure = message.detail;
    } else if (message.type === 'fatal') {
      this.fatal = message;
      if (message.news !== undefined && message.run === this.run?.number) this.run?.tell(message.news);
    } else if (message.type === 'traced') {
      if (message.run === this.runs) this.onTraced?.(message.graph);
    } else if (this.run !== undefined && message.run === this.run.number) {
      this.run.tell(message.news);
      this.heed(this.run, message);
    }
  }

  private heed(run: OpenRun, message: Extract<ExecutorMessage, { news: RunNews }>): void {
    if (message.type === 'result') this.finish(run, message.outcome, message.hooks);
    else if (message.type === 'hooked') run.endHooks();
    else if (message.type === 'ask' && !run.take(message)) {
      this.distrust = 'it asked for steps as no executor does';
      this.kill();
    } else if (message.type === 'storage' && !run.takeStorage(message)) {
      this.distrust = 'it asked for storages as no executor does';
      this.kill();
    }
  }

  /** What the code printed before its result lies in the pipes already: they are read before the next turn of the loop. */
  private finish(run: OpenRun, outcome: HandlerOutcome, hooks = false): void {
    setImmediate(() => {
      if (hooks) run.end(outcome);
      else if (this.run === run) this.endRun(outcome);
    });
  }

  private endRun(end: RunEnd): void {
    this.run?.end(end);
    this.free();
  }

  /** Nothing of the run is left in the executor. */
  private free(): void {
    this.run?.close();
    this.run = undefined;
    this.group.hold(false);
  }

  private printed(level: 'info' | 'warn', text: string): void {
    const line = this.concealed(text);
    if (this.run !== undefined) this.run.printed.write(level, line);
    else this.onPrinted(level, line);
  }

  private concealed(text: string): string {
    return this.secrets?.hideIn(text) ?? text;
  }

  private runEnd(): RunEnd {
    if (this.distrust === undefined && this.fatal !== undefined && this.fatal.run === undefined)
      return { kind: 'not-started' };
    return { kind: 'crashed', fault: crashFault(this.lastWords) };
  }

  private describeDeath(end: ChildEnd): string {
    if (this.distrust !== undefined) return this.distrust;
    return describeEnd({ ...end, stderr: this.group.stderr, fatal: this.fatal?.detail, memory: this.launch.memory });
  }

  private describeStartFailure(): string {
    return (
      this.startFailure ??
      this.distrust ??
      this.fatal?.detail ??
      (this.group.stderr.trim() || `it ended without a word (${this.group.exit})`)
    );
  }
}
