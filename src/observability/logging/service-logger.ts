import type { LoggerService } from '@nestjs/common';
import pino, { type Level, type Logger } from 'pino';
import type { Settings } from '../../config/settings.js';
import { isJsonObject } from '../../ogc/json-object.js';
import { type LogDestination, openLogDestination } from './log-destination.js';
import { redactText, redactValue } from './redact.js';

/** Nest reports every module and route at start; for an operator that is detail. */
const FRAMEWORK_CONTEXTS = new Set([
  'NestFactory',
  'NestApplication',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
]);

/** What Nest says when a start fails, stack and all. Whoever started the service is told in words, see start-failure.ts. */
const START_FAILURE_CONTEXTS = new Set(['ExceptionHandler', 'NestApplication']);

/**
 * The structured log of the service, behind Nest's `Logger`: one JSON object per line with `time` (ISO 8601), `level`,
 * `pid`, `context`, `msg` and the fields given. An object as message becomes fields, its `message` member the `msg`;
 * an error goes into `err`. Secrets are hidden in all of it.
 */
export class ServiceLogger implements LoggerService {
  private readonly pino: Logger;

  constructor(
    level: Settings['LOG_LEVEL'],
    private readonly destination: LogDestination,
  ) {
    this.pino = pino(
      {
        level,
        base: { pid: process.pid },
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
        // Errors are plain objects by then, see `redactValue`.
        serializers: { err: (error: unknown) => error },
      },
      destination.stream,
    );
  }

  /** Opens the destination that the settings name. */
  static async open(settings: Settings, isJson = false): Promise<ServiceLogger> {
    return new ServiceLogger(settings.LOG_LEVEL, await openLogDestination(settings, isJson));
  }

  /** Whether lines of a level are written; asks before costly fields are put together. */
  isEnabled(level: Level): boolean {
    return this.pino.isLevelEnabled(level);
  }

  log(message: unknown, ...rest: unknown[]): void {
    this.write(FRAMEWORK_CONTEXTS.has(String(rest.at(-1))) ? 'debug' : 'info', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  /** Nest passes `(message, stack?, context?)`. */
  error(message: unknown, ...rest: unknown[]): void {
    const stackAt = rest.findIndex((item) => typeof item === 'string' && /\n\s+at /.test(item));
    const [stack] = stackAt === -1 ? [] : rest.splice(stackAt, 1);
    const level = START_FAILURE_CONTEXTS.has(String(rest.at(-1))) ? 'debug' : 'error';
    this.write(level, message, rest, stack as string | undefined);
  }

  /** Writes what is buffered and closes a log file; the last thing a stopping service does. */
  close(): Promise<void> {
    return this.destination.close();
  }

  private write(level: Level, message: unknown, rest: unknown[], stack?: string): void {
    if (!this.pino.isLevelEnabled(level)) return;
    const others = rest.filter((item) => item !== undefined);
    const context = typeof others.at(-1) === 'string' ? (others.pop() as string) : undefined;
    const { text, fields } = split(message);
    const err = stack === undefined ? undefined : { message: redactText(text), stack: redactText(stack) };
    this.pino[level](
      {
        ...(context !== undefined && { context }),
        ...(err && { err }),
        ...(redactValue(Object.assign({}, ...others.map(asFields), fields)) as object),
      },
      redactText(text),
    );
  }
}

function split(message: unknown): { text: string; fields: object } {
  if (message instanceof Error) return { text: message.message, fields: { err: message } };
  if (typeof message === 'object' && message !== null) {
    const { message: text, ...fields } = message as Record<string, unknown>;
    return { text: typeof text === 'string' ? text : '', fields };
  }
  return { text: String(message), fields: {} };
}

function asFields(value: unknown): object {
  if (value instanceof Error) return { err: value };
  return isJsonObject(value) ? value : { data: value };
}
