import type { LoggerService } from '@nestjs/common';
import { inspect } from 'node:util';
import type { JobLogger, LogLevel } from '../processes/job-context.js';

/**
 * Nest's logger inside an executor: what providers log while a job runs goes to the log of that job. Between jobs
 * warnings and errors go to the standard error, which the service writes to its own log; the rest is of no interest.
 */
export class ExecutorLogger implements LoggerService {
  /** The log of the job that runs now. */
  target?: JobLogger;

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
    if (this.target === undefined && level !== 'warn' && level !== 'error') return;
    const text = [message, ...details.filter((detail) => detail !== undefined)]
      .map((part) => (typeof part === 'string' ? part : inspect(part, { depth: 3 })))
      .join(' ');
    if (this.target !== undefined) this.target[level](text);
    else process.stderr.write(`${text}\n`);
  }
}
