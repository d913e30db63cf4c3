import { storableJson, storableText } from '../database/storable-text.js';
import { isJsonObject } from '../ogc/json-object.js';
import type { JobLogger, LogLevel } from '../processes/job-context.js';
import { type LogLine, warningLine } from './execution-unit.js';

/** Lines of one execution that are kept per second; the rest is counted and reported in one line. */
export const LINES_PER_SECOND = 10_000;
/** UTF-16 code units of a message. */
const LONGEST_MESSAGE = 8_192;
/** UTF-16 code units of the JSON beside a message. */
const LONGEST_DATA = 32_768;
const WINDOW = 1_000;

/**
 * The logger of one execution. Lines are made storable and bounded in length, and a flood is bounded in lines per
 * second: what is beyond is dropped, and a warning says how many lines are missing.
 */
export class BoundedLogger implements JobLogger {
  private windowStart = 0;
  private linesInWindow = 0;
  private dropped = 0;
  private closed = false;
  private timer?: NodeJS.Timeout;

  constructor(private readonly sink: (line: LogLine) => void) {}

  debug(message: string, data?: Record<string, unknown>): void {
    this.write('debug', message, data);
  }

  info(message: string, data?: Record<string, unknown>): void {
    this.write('info', message, data);
  }

  warn(message: string, data?: Record<string, unknown>): void {
    this.write('warn', message, data);
  }

  error(message: string, data?: Record<string, unknown>): void {
    this.write('error', message, data);
  }

  /** Reports lines dropped last, then ignores everything that comes later. */
  close(): void {
    this.reportDropped();
    this.closed = true;
  }

  write(level: LogLevel, message: string, data?: Record<string, unknown>): void {
    if (this.closed) return;
    const now = performance.now();
    if (now - this.windowStart >= WINDOW) {
      this.reportDropped();
      this.windowStart = now;
      this.linesInWindow = 0;
    }
    if (this.linesInWindow >= LINES_PER_SECOND) {
      this.dropped++;
      // Code that falls silent after a flood writes no line that would bring the count along.
      this.timer ??= setTimeout(() => this.reportDropped(), this.windowStart + WINDOW - now).unref();
      return;
    }
    this.linesInWindow++;
    this.sink({
      level,
      message: storableText(String(message), LONGEST_MESSAGE),
      ...(data !== undefined && { data: toLogData(data) }),
      time: new Date().toISOString(),
    });
  }

  private reportDropped(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.dropped === 0) return;
    const message = `${this.dropped} log lines were dropped: more than ${LINES_PER_SECOND} in one second`;
    this.dropped = 0;
    this.sink(warningLine(message));
  }
}

/** JSON of whatever was logged. A log is lenient where outputs are strict: it must not fail the job it tells about. */
function toLogData(data: Record<string, unknown>): Record<string, unknown> {
  try {
    const json = JSON.stringify(data, (_key, value: unknown) => {
      if (typeof value === 'bigint') return value.toString();
      if (value instanceof Error) return { name: value.name, message: value.message, stack: value.stack };
      return value;
    });
    if (json.length > LONGEST_DATA) return { omitted: `${json.length} characters of JSON` };
    const plain: unknown = JSON.parse(storableJson(json));
    return isJsonObject(plain) ? plain : { value: plain };
  } catch (error) {
    return { omitted: storableText(String(error), 200) };
  }
}
