import { fork, type ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { BoundedLogger } from './bounded-logger.js';
import { describeEnd } from './crash-report.js';
import { crashFault } from './execution-faults.js';
import type { ExecutionObserver, ExecutionOutcome, ExecutionUnit } from './execution-unit.js';
import { isExecutorMessage, isNamedAsOurs } from './executor-message-check.js';
import {
  toWireInputs,
  type ExecutableProcess,
  type ExecutorCommand,
  type ExecutorMessage,
  type ExecutorStart,
  type RunNews,
} from './executor-messages.js';
import { splitLines } from './line-splitter.js';
import type { HandlerOutcome } from './run-handler.js';
import type { StopReason } from './time-limit.js';

export interface ExecutorLaunch {
  /** path of the compiled entry */
  readonly entry: string;
  readonly environment: Readonly<Record<string, string>>;
  /** bytes of the JavaScript heap, EXECUTOR_MEMORY */
  readonly memory: number;
  readonly start: ExecutorStart;
}

/** How a run in an executor ended, before limits and cancellation are considered. */
export type RunEnd = HandlerOutcome | Extract<ExecutionOutcome, { kind: 'crashed' }> | { readonly kind: 'not-started' };

/** An executor did not come up; the message holds what it printed. */
export class ExecutorStartError extends Error {
  override readonly name = 'ExecutorStartError';
}

const START_LIMIT = 60_000;
/** An executor told to leave gets this long to close what it holds. */
const LEAVE_LIMIT = 2_000;
/** How long pipes may stay open after the executor died, for instance held by a daemon it started. */
const PIPE_LIMIT = 500;
/** A process that SIGKILL does not end hangs in the kernel; nobody waits for it longer than this. */
const KILL_LIMIT = 5_000;
const STDERR_KEPT = 4_096;
const MEBIBYTE = 1024 ** 2;

interface Run {
  readonly number: number;
  readonly observer: ExecutionObserver;
  readonly printed: BoundedLogger;
  readonly end: (end: RunEnd) => void;
}

/** The service's side of one executor: a child process that leads its own process group and runs one unit at a time. */
export class ExecutorProcess {
  /** Resolves when the child is gone and what it printed has been read. */
  readonly gone: Promise<void>;
  /** What the child said it can run. */
  processes: readonly ExecutableProcess[] = [];
  /** Why it died, once it is gone. */
  lastWords = '';
  /** Runs begun so far. */
  runs = 0;
  private readonly child: ChildProcess;
  private run?: Run;
  private alive = true;
  private stderr = '';
  private fatal?: Extract<ExecutorMessage, { type: 'fatal' }>;
  private startFailure?: string;
  /** Why nothing that it says counts any more. */
  private distrust?: string;
  private onReady?: () => void;

  private constructor(
    private readonly launch: ExecutorLaunch,
    private readonly onPrinted: (level: 'info' | 'warn', line: string) => void,
  ) {
    this.child = fork(launch.entry, [JSON.stringify(launch.start)], {
      // Its own group, so that a kill takes along what user code started, and Ctrl-C in a terminal reaches the service only.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      serialization: 'json',
      env: launch.environment,
      execArgv: [`--max-old-space-size=${Math.ceil(launch.memory / MEBIBYTE)}`],
    });
    this.child.on('message', (message) => this.receive(message));
    this.child.on('error', (error) => (this.stderr ||= error.message));
    splitLines(this.child.stdout as Readable, (line) => this.printed('info', line));
    splitLines(this.child.stderr as Readable, (line) => this.printed('warn', line));
    (this.child.stderr as Readable).on('data', (chunk: Buffer) => {
      this.stderr = (this.stderr + chunk.toString('utf8')).slice(-STDERR_KEPT);
    });
    this.gone = this.watchEnd();
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
    if (!executor.alive)
      throw new ExecutorStartError(`An executor could not be started: ${executor.describeStartFailure()}`);
    executor.hold(false);
    return executor;
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** Whether it can take a unit now. */
  get usable(): boolean {
    return this.alive && this.child.connected && this.run === undefined && this.distrust === undefined;
  }

  /** Runs a unit; only while {@link usable}. Resolves in every case, also when the child dies. */
  execute({ inputs, ...unit }: ExecutionUnit, observer: ExecutionObserver): Promise<RunEnd> {
    const number = ++this.runs;
    const command: ExecutorCommand = { type: 'run', run: number, unit, inputs: toWireInputs(inputs) };
    return new Promise((resolve) => {
      const printed = new BoundedLogger((line) => observer.log(line));
      const end = (result: RunEnd) => {
        if (this.run?.number !== number) return;
        printed.close();
        this.run = undefined;
        this.hold(false);
        resolve(result);
      };
      this.run = { number, observer, printed, end };
      this.hold(true);
      this.send(command);
    });
  }

  /** Asks the unit under way to end: its signal is aborted. */
  stop(reason: StopReason): void {
    if (this.run !== undefined) this.send({ type: 'stop', run: this.run.number, reason });
  }

  /** Ends the process group at once. */
  kill(): void {
    this.killGroup();
    // Outlived only by a process that hangs in the kernel.
    setTimeout(
      () => this.run?.end({ kind: 'crashed', fault: crashFault('it hangs and cannot be killed') }),
      KILL_LIMIT,
    ).unref();
  }

  /** Lets an idle child close what it holds and leave, and ends it if it does not. */
  async leave(): Promise<void> {
    if (this.child.connected) this.child.disconnect();
    const timer = setTimeout(() => this.kill(), LEAVE_LIMIT);
    await this.gone;
    clearTimeout(timer);
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
      if (message.news !== undefined && message.run === this.run?.number) this.tell(message.news);
    } else if (message.run === this.run?.number) {
      this.tell(message.news);
      if (message.type === 'result') this.finish(this.run, message.outcome);
    }
  }

  /** What the code printed before its result lies in the pipes already: they are read before the next turn of the loop. */
  private finish(run: Run, outcome: HandlerOutcome): void {
    setImmediate(() => run.end(outcome));
  }

  private tell({ lines, progress }: RunNews): void {
    const { observer } = this.run as Run;
    for (const line of lines ?? []) observer.log(line);
    if (progress !== undefined) observer.progress(progress.percent, progress.message);
  }

  private printed(level: 'info' | 'warn', line: string): void {
    if (this.run !== undefined) this.run.printed.write(level, line);
    else this.onPrinted(level, line);
  }

  private send(command: ExecutorCommand): void {
    // A channel that is closed means that the child is going; its end is what answers.
    if (this.child.connected) this.child.send(command, () => undefined);
  }

  private watchEnd(): Promise<void> {
    const pipesClosed = [this.child.stdout, this.child.stderr].map(
      (pipe) => new Promise((resolve) => pipe?.once('close', resolve)),
    );
    return new Promise((resolve) => {
      let ended = false;
      const settle = (code: number | null, signal: NodeJS.Signals | null) => {
        if (ended) return;
        ended = true;
        this.child.stdout?.destroy();
        this.child.stderr?.destroy();
        this.lastWords = this.describeDeath(code, signal);
        this.run?.end(this.runEnd());
        resolve();
      };
      this.child.once('error', () => {
        if (this.child.pid === undefined) {
          this.alive = false;
          settle(null, null);
        }
      });
      this.child.once('exit', (code, signal) => {
        this.alive = false;
        this.killGroup();
        setTimeout(() => settle(code, signal), PIPE_LIMIT).unref();
        // Not the child's own close event: it does not come when this side closed the channel.
        void Promise.all(pipesClosed).then(() => settle(code, signal));
      });
      // User code may have closed the channel; without it the child is of no use and its end would never be heard.
      this.child.once('disconnect', () => {
        if (this.run !== undefined) setTimeout(() => this.killGroup(), PIPE_LIMIT).unref();
      });
    });
  }

  private runEnd(): RunEnd {
    if (this.distrust === undefined && this.fatal !== undefined && this.fatal.run === undefined)
      return { kind: 'not-started' };
    return { kind: 'crashed', fault: crashFault(this.lastWords) };
  }

  private describeDeath(code: number | null, signal: NodeJS.Signals | null): string {
    const { stderr, launch, fatal, distrust } = this;
    if (distrust !== undefined) return distrust;
    return describeEnd({ code, signal, stderr, fatal: fatal?.detail, memory: launch.memory });
  }

  private describeStartFailure(): string {
    return (
      this.startFailure ??
      this.distrust ??
      this.fatal?.detail ??
      (this.stderr.trim() || `it ended without a word (${this.child.signalCode ?? `exit code ${this.child.exitCode}`})`)
    );
  }

  private killGroup(): void {
    if (this.child.pid === undefined) return;
    try {
      process.kill(-this.child.pid, 'SIGKILL');
    } catch {
      // No such group any more.
    }
  }

  /** An idle executor does not keep the service alive, a busy one does. */
  private hold(busy: boolean): void {
    const handles = [this.child, this.child.channel, this.child.stdout, this.child.stderr] as ({
      ref?(): void;
      unref?(): void;
    } | null)[];
    for (const handle of handles) {
      if (busy) handle?.ref?.();
      else handle?.unref?.();
    }
  }
}
