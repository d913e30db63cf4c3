import { describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Settings } from '../../config/settings.js';
import { ServiceLogger } from './service-logger.js';
import { textLine } from './text-line.js';

function memoryLogger(level: Settings['LOG_LEVEL'] = 'info') {
  const lines: string[] = [];
  const stream = { write: (line: string) => void lines.push(line) };
  const logger = new ServiceLogger(level, { stream, close: () => Promise.resolve() });
  return { logger, lines, records: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe(ServiceLogger.name, () => {
  it('writes one JSON object per line with time, level, context and message', () => {
    const { logger, lines, records } = memoryLogger();
    logger.log('Listening\non port 1', 'Main');
    expect(lines[0].match(/\n/g)).toHaveLength(1);
    expect(records()[0]).toMatchObject({
      level: 'info',
      context: 'Main',
      msg: 'Listening\non port 1',
      pid: process.pid,
    });
    expect(new Date(String(records()[0].time)).getTime()).not.toBeNaN();
  });

  it('takes an object as fields and its message as msg', () => {
    const { logger, records } = memoryLogger();
    logger.warn({ message: 'Slow', job: 'j1', ms: 12 }, 'Jobs');
    expect(records()[0]).toMatchObject({ level: 'warn', context: 'Jobs', msg: 'Slow', job: 'j1', ms: 12 });
  });

  it('understands the ways in which Nest reports errors', () => {
    const { logger, records } = memoryLogger();
    const error = new Error('broken');
    logger.error(error, 'A');
    logger.error('it broke', error.stack, 'B');
    logger.error('it broke', error, 'C');
    for (const [index, context] of ['A', 'B', 'C'].entries()) {
      expect(records()[index]).toMatchObject({
        level: 'error',
        context,
        err: { stack: expect.stringContaining('broken') },
      });
    }
  });

  it('leaves out what is below its level', () => {
    const { logger, lines } = memoryLogger('warn');
    logger.log('a');
    logger.debug('b');
    logger.verbose('c');
    expect(lines).toEqual([]);
    expect([logger.isEnabled('info'), logger.isEnabled('error')]).toEqual([false, true]);
  });

  it('hides secrets in messages, fields, errors and stacks', () => {
    const { logger, lines } = memoryLogger('trace');
    const url = 'postgres://u:S3cret@db';
    logger.log(`connecting to ${url}`, { url, headers: { authorization: 'S3cret' } }, 'Db');
    logger.error(new Error(`no ${url}`));
    logger.error('no', new Error(`no ${url}`).stack);
    logger.fatal({ message: url, cause: new Error(url) });
    expect(lines).toHaveLength(4);
    expect(lines.join('')).not.toContain('S3cret');
  });

  it('rolls a log file over by size and keeps the given number of files', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'sluice-log-'));
    try {
      const settings = Settings.parse({
        LOG_FILE: join(directory, 'service.log'),
        LOG_FILE_SIZE: '1KiB',
        LOG_FILE_COUNT: '2',
      });
      const numbers = async () =>
        (await readdir(directory)).map((name) => Number(/^service\.(\d+)\.log$/.exec(name)?.[1])).sort((a, b) => a - b);
      let newest = 1;
      for (const run of [1, 2]) {
        const logger = await ServiceLogger.open(settings);
        for (const line of [1, 2, 3]) {
          logger.log(`line ${run}.${line} ${'x'.repeat(1024)}`);
          newest += 1;
          const expected = String([newest - 1, newest]);
          while (String(await numbers()) !== expected) await nextTurn();
        }
        await logger.close();
      }
      expect(await numbers()).toEqual([6, 7]);
      expect(await readFile(join(directory, 'service.6.log'), 'utf8')).toMatch(/^\{[^\n]*line 2\.3 x+"\}\n$/);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

describe('textLine', () => {
  it('is one line for a person, with the stack of an error below', () => {
    const { logger, lines } = memoryLogger();
    logger.log({ message: 'Request', status: 200, path: '/x' }, 'Http');
    logger.error(new Error('broken'));

    const [request, error] = lines.map((line) => textLine(line).replace(/\u001b\[\d+m/g, ''));
    expect(request).toMatch(/^\d\d:\d\d:\d\d\.\d{3} INFO {2}\[Http\] Request status=200 path=\/x\n$/);
    expect(error).toMatch(/ ERROR broken\nError: broken\n\s+at /);
  });
});
