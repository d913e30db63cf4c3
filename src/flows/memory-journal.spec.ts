import { describe, expect, it } from '@jest/globals';
import { MemoryJournal } from './memory-journal.js';
import type { StepStart } from './step-journal.js';

const start = (key: string, given: Partial<StepStart> = {}): StepStart => ({
  key,
  name: key,
  kind: 'task',
  inputHash: 'a',
  after: [],
  ...given,
});
const fault = { name: 'Error', message: 'no' };

describe('MemoryJournal', () => {
  it('returns what a step ended with, and throws what it failed with', async () => {
    const journal = new MemoryJournal();
    expect(await journal.begin(start('a'))).toEqual({ do: 'run', attempt: 1 });
    await journal.end({ key: 'a', end: 'completed', name: 'Completed', value: [1] });
    expect(await journal.begin(start('a'))).toEqual({ do: 'return', value: [1] });
    await journal.begin(start('b'));
    await journal.end({ key: 'b', end: 'completed', name: 'Skipped' });
    expect(await journal.begin(start('b'))).toEqual({ do: 'return', skipped: true });
    await journal.begin(start('c'));
    await journal.end({ key: 'c', end: 'failed', name: 'Failed', fault });
    expect(await journal.begin(start('c'))).toEqual({ do: 'throw', fault });
  });

  it('counts attempts, and forgets the failures inside of a step with each', async () => {
    const journal = new MemoryJournal();
    await journal.begin(start('a'));
    await journal.begin(start('a/b'));
    await journal.end({ key: 'a/b', end: 'failed', name: 'Failed', fault });
    await journal.end({ key: 'a', end: 'retry', fault, delay: 100 });
    expect(await journal.begin(start('a'))).toEqual({ do: 'run', attempt: 2 });
    expect(await journal.begin(start('a/b'))).toEqual({ do: 'run', attempt: 1 });
  });

  it.each([{ inputHash: 'b' }, { name: 'other' }, { kind: 'run' }] as const)(
    '19: sees the drift %j',
    async (changed) => {
      const journal = new MemoryJournal();
      await journal.begin(start('a'));
      await journal.end({ key: 'a', end: 'completed', name: 'Completed' });
      expect(await journal.begin(start('a', changed))).toMatchObject({
        do: 'throw',
        fault: { name: 'NonDeterminismError', message: expect.stringContaining("onDrift: 'rerun'") },
      });
      expect(await journal.begin(start('a', { ...changed, onDrift: 'rerun' }))).toEqual({ do: 'run', attempt: 1 });
    },
  );

  it('uses a cached result for another step of the run, and not when it is to be refreshed', async () => {
    const journal = new MemoryJournal();
    const cache = { key: 'k', scope: 'job' } as const;
    await journal.begin(start('a', { cache }));
    await journal.end({ key: 'a', end: 'completed', name: 'Completed', value: 1 });
    expect(await journal.begin(start('b', { cache }))).toEqual({ do: 'return', value: 1 });
    expect(await journal.begin(start('c', { cache: { ...cache, refresh: true } }))).toMatchObject({ do: 'run' });
  });

  it('says what needs a job', async () => {
    const journal = new MemoryJournal();
    for (const kind of ['input', 'process'] as const) {
      expect(await journal.begin(start(kind, { kind }))).toMatchObject({
        do: 'throw',
        fault: { message: expect.stringContaining('needs a job of a running service') },
      });
    }
  });

  it('executes other processes by what it is given, once for each step', async () => {
    const called: unknown[] = [];
    const journal = new MemoryJournal(undefined, (process, key) => {
      called.push([key, process]);
      return Promise.resolve(process.id === 'good' ? { value: { n: 1 } } : { fault });
    });
    const calling = (id: string) => start(id, { kind: 'process', process: { id, inputs: {} } });
    for (const _ of [1, 2]) {
      expect(await journal.begin(calling('good'))).toEqual({ do: 'return', value: { n: 1 } });
      expect(await journal.begin(calling('bad'))).toEqual({ do: 'throw', fault });
    }
    expect(called).toEqual([
      ['good', { id: 'good', inputs: {} }],
      ['bad', { id: 'bad', inputs: {} }],
    ]);
  });

  it('forgets what has failed, and nothing else, for another attempt of the process', async () => {
    const journal = new MemoryJournal();
    await journal.begin(start('good'));
    await journal.end({ key: 'good', end: 'completed', name: 'Completed', value: 1 });
    await journal.begin(start('bad'));
    await journal.end({ key: 'bad', end: 'failed', name: 'Failed', fault });
    journal.forgetFailures();
    expect(await journal.begin(start('good'))).toEqual({ do: 'return', value: 1 });
    expect(await journal.begin(start('bad'))).toEqual({ do: 'run', attempt: 1 });
  });
});
