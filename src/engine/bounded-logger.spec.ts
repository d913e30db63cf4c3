import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { BoundedLogger, LINES_PER_SECOND } from './bounded-logger.js';
import type { LogLine } from './execution-unit.js';

function logged(write: (logger: BoundedLogger) => void): LogLine[] {
  const lines: LogLine[] = [];
  const logger = new BoundedLogger((line) => lines.push(line));
  write(logger);
  logger.close();
  return lines;
}

describe('BoundedLogger', () => {
  afterEach(() => void jest.useRealTimers());

  it('keeps data of every kind, as JSON that can be stored', () => {
    const data = { big: 1n, nul: 'a\u0000b', error: new TypeError('no'), text: 'ok' };
    const [line] = logged((logger) => logger.warn('m\u0000', data));
    expect(line).toMatchObject({
      level: 'warn',
      message: 'm\ufffd',
      data: { big: '1', nul: 'a\ufffdb', error: { name: 'TypeError', message: 'no' }, text: 'ok' },
    });
    expect(new Date(line.time).toISOString()).toBe(line.time);
  });

  it('leaves out data that is too large or no JSON, and keeps the line', () => {
    const cyclic: Record<string, unknown> = {};
    cyclic.self = cyclic;
    const lines = logged((logger) => {
      logger.info('large', { text: 'x'.repeat(100_000) });
      logger.info('cyclic', cyclic);
    });
    expect(lines.map(({ message, data }) => [message, Object.keys(data ?? {})])).toEqual([
      ['large', ['omitted']],
      ['cyclic', ['omitted']],
    ]);
  });

  it('cuts long messages', () => {
    const [line] = logged((logger) => logger.info('x'.repeat(1_000_000)));
    expect(line.message.length).toBeLessThan(10_000);
  });

  it('loses no count: lines kept and lines reported as dropped make up all that were written', () => {
    const written = LINES_PER_SECOND * 2;
    const lines = logged((logger) => {
      for (let line = 0; line < written; line++) logger.debug('line');
    });
    const notices = lines.filter(({ level }) => level === 'warn');
    const dropped = notices.reduce((sum, { message }) => sum + Number.parseInt(message), 0);
    expect(lines.length - notices.length + dropped).toBe(written);
  });

  it('reports what was dropped also when the code is silent from then on', () => {
    jest.useFakeTimers();
    const lines: LogLine[] = [];
    const logger = new BoundedLogger((line) => lines.push(line));
    for (let line = 0; line < LINES_PER_SECOND + 7; line++) logger.debug('line');
    expect(lines).toHaveLength(LINES_PER_SECOND);
    jest.advanceTimersByTime(1_000);
    expect(lines.at(-1)?.message).toMatch(/^7 log lines were dropped/);
  });
});
