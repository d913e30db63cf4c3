import type { LoggerService } from '@nestjs/common';
import { AsyncLocalStorage } from 'node:async_hooks';
import { inspect } from 'node:util';
import type { JobLogger, LogLevel } from '../processes/job-context.js';

/**
 * Nest's logger inside an executor: what providers log while a job runs goes to the log of that job. Between jobs
 * warnings and errors go to the standard error, which the service writes to its own log; the rest is of no interest.
 */
export class ExecutorLogger implements LoggerService {
  /** The log of the job that runs now. */
  target?: JobLogger;
  private readonly scope = new AsyncLocalStorage<JobLogger>();
  private readonly muted = new WeakSet<JobLogger>();

  /** Calls the code of a job, whose log is `target` from now on until {@link leave}. */
  during<Result>(target: JobLogger, code: () => Result): Result {
    this.target = target;
    return this.scope.run(target, code);
  }

  /**
   * The job has ended.
   * @param abandoned whether its code may go on: what it logs from now on is no line of the jobs that follow
   */
  leave(target: JobLogger, abandoned: boolean): void {
    this.target = undefined;
    if (abandoned) this.muted.add(target);
  }

  log(message: unknown, ...details: unknown[]): void {
    this.forward('info', message, details);
  }

  warn(message: unknown, ...details: unknown[]): void {
    this.forward('warn', message, details);
  }

  error(message: unknown, ...details: unknown[]): void {
    this.forward('error', message, details);
  }

  fatal(message: unknown, ...details: unknown[]): void {
    this.forward('error', message, details);
  }

  debug(message: unknown, ...details: unknown[]): void {
    this.forward('debug', message, details);
  }

  verbose(message: unknown, ...details: unknown[]): void {
    this.forward('debug', message, details);
  }

  private forward(level: LogLevel, message: unknown, details: unknown[]): void {
    const own = this.scope.getStore();
    if (own !== undefined && this.muted.has(own)) return;
    if (this.target === undefined && level !== 'warn' && level !== 'error') return;
    const text = [message, ...details.filter((detail) => detail !== undefined)]
      .map((part) => (typeof part === 'string' ? part : inspect(part, { depth: 3 })))
      .join(' ');
    if (this.target !== undefined) this.target[level](text);
    else process.stderr.write(`${text}\n`);
  }
}
