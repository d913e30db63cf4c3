import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { executorEnvironment } from '../config/executor-environment.js';
import { Settings } from '../config/settings.js';
import { DomainError } from '../ogc/problems/domain-error.js';
import { ExecutorEntry } from './executor-entry.js';
import type { ExecutorLaunch } from './executor-group.js';
import { ExecutorProcess } from './executor-process.js';
import type { StopSignal } from './time-limit.js';

const MEBIBYTE = 1024 ** 2;
/** Resident memory of an executor beside its JavaScript heap: Node itself, code, and some buffers. */
const RESIDENT_MARGIN = 256 * MEBIBYTE;
/** A surplus executor is ended after this long without work. */
const IDLE_LIMIT = 60_000;
const SHORTEST_BACKOFF = 500;
const LONGEST_BACKOFF = 30_000;

interface Waiter {
  readonly resolve: (executor: ExecutorProcess) => void;
  readonly reject: (error: Error) => void;
}

const closedError = () => new DomainError('shutting-down', 'The executors of this node have been closed.');

/**
 * The executors of this node. EXECUTOR_WARM of them are kept ready, more are started on demand up to
 * WORKER_CONCURRENCY + SYNC_CONCURRENCY; beyond, takers wait in line. When an executor cannot be started, everyone in
 * line gets the reason, and the next attempt is made after a delay that doubles up to half a minute.
 */
@Injectable()
export class ExecutorPool implements OnApplicationShutdown {
  private readonly logger = new Logger(ExecutorPool.name);
  private readonly most: number;
  /** Every executor that counts against the maximum; the retired ones do not. */
  private readonly live = new Set<ExecutorProcess>();
  /** The last one in is the first one out, so that surplus executors stay idle and can be ended. */
  private readonly idle: { readonly executor: ExecutorProcess; readonly since: number }[] = [];
  private readonly leaving = new Set<Promise<void>>();
  private readonly line: Waiter[] = [];
  private starting = 0;
  private failures = 0;
  private retryAt = 0;
  private retry?: NodeJS.Timeout;
  private sweep?: NodeJS.Timeout;
  private closed = false;

  constructor(
    private readonly settings: Settings,
    private readonly entry: ExecutorEntry,
  ) {
    this.most = settings.WORKER_CONCURRENCY + settings.SYNC_CONCURRENCY;
  }

  /** Ids of the live executor processes. */
  get pids(): number[] {
    return [...this.live].map((executor) => executor.pid);
  }

  /** Starts the warm executors in the background. */
  warm(): void {
    this.grow();
  }

  /**
   * Takes an executor out of the pool; give it back with {@link release}.
   * @throws the signal's reason when it fires first
   * @throws ExecutorStartError when none can be started
   * @throws DomainError `shutting-down` once the pool is closed
   */
  acquire(signal: StopSignal): Promise<ExecutorProcess> {
    if (this.closed) return Promise.reject(closedError());
    if (signal.aborted) return Promise.reject(signal.reason);
    for (let slot = this.idle.pop(); slot !== undefined; slot = this.idle.pop()) {
      if (slot.executor.usable) return Promise.resolve(slot.executor);
    }
    return new Promise((resolve, reject) => {
      const leaveLine = () => {
        this.line.splice(this.line.indexOf(waiter), 1);
        reject(signal.reason);
      };
      const waiter: Waiter = {
        resolve: (executor) => {
          signal.removeEventListener('abort', leaveLine);
          resolve(executor);
        },
        reject: (error) => {
          signal.removeEventListener('abort', leaveLine);
          reject(error);
        },
      };
      this.line.push(waiter);
      signal.addEventListener('abort', leaveLine, { once: true });
      this.grow();
    });
  }

  /**
   * Gives an executor back.
   * @param reusable false after a run that was stopped: its code may still be at work, so the process is killed
   */
  release(executor: ExecutorProcess, reusable: boolean): void {
    if (!this.live.has(executor)) return;
    if (!reusable || !executor.usable) this.retire(executor, 'kill');
    else if (executor.runs >= this.settings.EXECUTOR_MAX_JOBS || this.closed) this.retire(executor, 'leave');
    else this.offer(executor);
  }

  /** Ends all executors, also those that work. Whoever waits in line is turned away. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.retry);
    clearInterval(this.sweep);
    for (const waiter of this.line.splice(0)) waiter.reject(closedError());
    for (const executor of [...this.live]) this.retire(executor, executor.usable ? 'leave' : 'kill');
    await Promise.all(this.leaving);
  }

  /** Last of all hooks: until now requests and workers may still have used an executor. */
  onApplicationShutdown(): Promise<void> {
    return this.close();
  }

  /** Starts as many executors as the line and the warm reserve ask for and the maximum allows. */
  private grow(): void {
    if (this.closed || this.retry !== undefined) return;
    const delay = this.retryAt - performance.now();
    const wanted = Math.max(this.line.length, this.settings.EXECUTOR_WARM - this.live.size) - this.starting;
    const room = this.most - this.live.size - this.starting;
    const count = Math.min(wanted, room);
    if (count <= 0) return;
    if (delay > 0) {
      this.retry = setTimeout(() => {
        this.retry = undefined;
        this.grow();
      }, delay).unref();
      return;
    }
    for (let started = 0; started < count; started++) this.track(this.start());
  }

  private async start(): Promise<void> {
    this.starting++;
    try {
      const executor = await ExecutorProcess.start(this.launch(), (level, line) => this.report(level, line));
      this.starting--;
      this.failures = 0;
      this.live.add(executor);
      void executor.gone.then(() => this.forget(executor));
      if (this.closed) this.retire(executor, 'leave');
      else this.offer(executor);
    } catch (error) {
      this.starting--;
      this.startFailed(error as Error);
    }
  }

  private startFailed(error: Error): void {
    const delay = Math.min(LONGEST_BACKOFF, SHORTEST_BACKOFF * 2 ** this.failures++);
    this.retryAt = performance.now() + delay;
    if (this.closed) return;
    this.logger.error(`${error.message} (next attempt in ${delay} ms)`);
    // Executors at work come back to the line; without any, waiting on would only hide the reason.
    if (this.live.size + this.starting === 0) for (const waiter of this.line.splice(0)) waiter.reject(error);
    this.grow();
  }

  private launch(): ExecutorLaunch {
    const { EXECUTOR_MEMORY, INLINE_OUTPUT, PROCESS_MODULES, CATALOG } = this.settings;
    return {
      entry: this.entry.path,
      environment: executorEnvironment(),
      memory: EXECUTOR_MEMORY,
      start: {
        parent: process.pid,
        residentLimit: EXECUTOR_MEMORY + RESIDENT_MARGIN,
        inlineOutput: INLINE_OUTPUT,
        processModules: PROCESS_MODULES,
        catalog: CATALOG,
      },
    };
  }

  private offer(executor: ExecutorProcess): void {
    const next = this.line.shift();
    if (next !== undefined) return next.resolve(executor);
    this.idle.push({ executor, since: performance.now() });
    this.sweep ??= setInterval(() => this.endSurplus(), IDLE_LIMIT / 4).unref();
  }

  private endSurplus(): void {
    const longAgo = performance.now() - IDLE_LIMIT;
    while (this.live.size > this.settings.EXECUTOR_WARM && this.idle.length > 0 && this.idle[0].since < longAgo) {
      this.retire(this.idle[0].executor, 'leave');
    }
  }

  private retire(executor: ExecutorProcess, how: 'leave' | 'kill'): void {
    this.forget(executor);
    if (how === 'kill') executor.kill();
    this.track(how === 'kill' ? executor.gone : executor.leave());
  }

  /** Takes an executor out of the books and fills its place if there is need. */
  private forget(executor: ExecutorProcess): void {
    if (!this.live.delete(executor)) return;
    const position = this.idle.findIndex((slot) => slot.executor === executor);
    if (position >= 0) {
      this.idle.splice(position, 1);
      if (!this.closed && !executor.usable)
        this.logger.warn(`An idle executor (${executor.pid}) died: ${executor.lastWords}`);
    }
    this.grow();
  }

  /** What executors print between runs. */
  private report(level: 'info' | 'warn', line: string): void {
    if (level === 'warn') this.logger.warn(`executor: ${line}`);
    else this.logger.debug(`executor: ${line}`);
  }

  private track(ending: Promise<void>): void {
    this.leaving.add(ending);
    void ending.finally(() => this.leaving.delete(ending));
  }
}
