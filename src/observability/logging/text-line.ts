const COLOURS: Record<string, string> = { fatal: '35', error: '31', warn: '33', info: '32', debug: '36', trace: '90' };

interface LogRecord {
  time: string;
  level: string;
  pid: number;
  context?: string;
  msg?: string;
  err?: { stack?: string };
  [field: string]: unknown;
}

/**
 * Turns one JSON line of the log into one line of text for a person at a terminal:
 * `12:00:01.123 INFO  [Context] message key=value`, the stack of an error below it.
 */
export function textLine(json: string): string {
  const { time, level, pid: _pid, context, msg, err, ...rest } = JSON.parse(json) as LogRecord;
  const clock = time.slice(11, 23);
  const fields = Object.entries(rest).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const stack = err?.stack;
  const label = `\u001b[${COLOURS[level] ?? '0'}m${level.toUpperCase().padEnd(5)}\u001b[0m`;
  const parts = [clock, label, context ? `[${context}]` : '', msg ?? '', ...fields].filter((part) => part !== '');
  return `${parts.join(' ')}${stack ? `\n${stack}` : ''}\n`;
}
