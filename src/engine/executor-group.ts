import { fork, type ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { ExecutorCommand, ExecutorStart } from './executor-messages.js';
import { splitLines } from './line-splitter.js';

/** What an executor is started with. */
export interface ExecutorLaunch {
  /** path of the compiled entry */
  readonly entry: string;
  readonly environment: Readonly<Record<string, string>>;
  /** bytes of the JavaScript heap, EXECUTOR_MEMORY */
  readonly memory: number;
  readonly start: ExecutorStart;
}

/** Hears what an executor says and prints. */
export interface ExecutorListener {
  /** @param message whatever came through the channel; user code can write there too */
  received(message: unknown): void;
  /** @param level `info` for its standard output, `warn` for its standard error */
  printed(level: 'info' | 'warn', line: string): void;
}

/** How a child process ended; both are null for one that could not be started. */
export interface ChildEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A child told to leave gets this long to close what it holds. */
const LEAVE_LIMIT = 2_000;
/** How long pipes may stay open after the child died, for instance held by a daemon it started. */
const PIPE_LIMIT = 500;
const STDERR_KEPT = 4_096;
const MEBIBYTE = 1024 ** 2;

/** The child process of an executor, which leads its own process group: its pipes, its channel and its end. */
export class ExecutorGroup {
  /** Resolves when the child is gone and what it printed has been read. */
  readonly gone: Promise<ChildEnd>;
  /** False from the child's exit on, which is before {@link gone}. */
  alive = true;
  /** The last of its standard error, or why it could not be started. */
  stderr = '';
  private readonly child: ChildProcess;
  private busy = false;

  constructor(launch: ExecutorLaunch, listener: ExecutorListener) {
    this.child = fork(launch.entry, [JSON.stringify(launch.start)], {
      // Its own group, so that a kill takes along what user code started, and Ctrl-C in a terminal reaches the service only.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      serialization: 'json',
      env: launch.environment,
      execArgv: [`--max-old-space-size=${Math.ceil(launch.memory / MEBIBYTE)}`],
    });
    this.child.on('message', (message) => listener.received(message));
    this.child.on('error', (error) => (this.stderr ||= error.message));
    splitLines(this.child.stdout as Readable, (line) => listener.printed('info', line));
    splitLines(this.child.stderr as Readable, (line) => listener.printed('warn', line));
    (this.child.stderr as Readable).on('data', (chunk: Buffer) => {
      this.stderr = (this.stderr + chunk.toString('utf8')).slice(-STDERR_KEPT);
    });
    this.gone = this.watchEnd();
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** Whether it can be spoken to. */
  get connected(): boolean {
    return this.child.connected;
  }

  /** How it exited, in a clause: a signal or an exit code. */
  get exit(): string {
    return this.child.signalCode ?? `exit code ${this.child.exitCode}`;
  }

  /** Sends a command. Where the channel is closed nothing happens: the child is going, and its end is what answers. */
  send(command: ExecutorCommand): void {
    if (this.child.connected) this.child.send(command, () => undefined);
  }

  /** An idle child does not keep the service alive, a busy one does; and one that is busy must not close its channel. */
  hold(busy: boolean): void {
    this.busy = busy;
    const handles = [this.child, this.child.channel, this.child.stdout, this.child.stderr] as ({
      ref?(): void;
      unref?(): void;
    } | null)[];
    for (const handle of handles) {
      if (busy) handle?.ref?.();
      else handle?.unref?.();
    }
  }

  /** Lets the child close what it holds and leave, and ends it if it does not. */
  async leave(): Promise<void> {
    if (this.child.connected) this.child.disconnect();
    const timer = setTimeout(() => this.kill(), LEAVE_LIMIT);
    await this.gone;
    clearTimeout(timer);
  }

  /** Sends SIGKILL to the child and to all it started. */
  kill(): void {
    if (this.child.pid === undefined) return;
    try {
      process.kill(-this.child.pid, 'SIGKILL');
    } catch {
      // No such group any more.
    }
  }

  private watchEnd(): Promise<ChildEnd> {
    const pipesClosed = [this.child.stdout, this.child.stderr].map(
      (pipe) => new Promise((resolve) => pipe?.once('close', resolve)),
    );
    return new Promise((resolve) => {
      const settle = (code: number | null, signal: NodeJS.Signals | null) => {
        this.child.stdout?.destroy();
        this.child.stderr?.destroy();
        resolve({ code, signal });
      };
      this.child.once('error', () => {
        if (this.child.pid === undefined) {
          this.alive = false;
          settle(null, null);
        }
      });
      this.child.once('exit', (code, signal) => {
        this.alive = false;
        this.kill();
        setTimeout(() => settle(code, signal), PIPE_LIMIT).unref();
        // Not the child's own close event: it does not come when this side closed the channel.
        void Promise.all(pipesClosed).then(() => settle(code, signal));
      });
      // User code may have closed the channel; without it the child is of no use and its end would never be heard.
      this.child.once('disconnect', () => {
        if (this.busy) setTimeout(() => this.kill(), PIPE_LIMIT).unref();
      });
    });
  }
}
