import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StepVerdict } from '../../src/flows/step-journal.js';
import { ExecutorBench, KeptJournal, Transcript } from '../harness/executor-bench.js';

// Processes are started, on machines of every speed.
jest.setTimeout(60_000);

const value = (result: unknown) => ({
  kind: 'succeeded',
  outputs: { result: { kind: 'value', value: result, mediaType: 'application/json' } },
});

describe('steps in executors', () => {
  let bench: ExecutorBench;
  const open = () => (bench = new ExecutorBench('steps-entry.mjs'));
  afterEach(() => {
    jest.restoreAllMocks();
    return bench.close();
  });

  /** A journal and an observer that write into one transcript, so that their order can be seen. */
  const record = () => {
    const steps = new KeptJournal();
    return { steps, transcript: steps.transcript };
  };

  async function pid(): Promise<unknown> {
    const outcome = await bench.run('pid');
    return outcome.kind === 'succeeded' && outcome.outputs.result.kind === 'value' && outcome.outputs.result.value;
  }

  it('begin and end in the service, after what was logged and reported before them', async () => {
    open();
    const { steps, transcript } = record();
    expect(await bench.run('two-steps', {}, { steps, transcript })).toEqual(value('1970-01-01T00:00:00.000Z 30'));
    expect(transcript.entries.slice(0, 7)).toEqual([
      'info: before',
      'begin first',
      'end first',
      'progress 50',
      'keep note',
      'begin second',
      'end second',
    ]);
    expect(steps.ends.get('first')).toMatchObject({ value: { depth: 30, at: '1970-01-01T00:00:00.000Z' } });
  });

  it('are remembered: a run that repeats an earlier one runs none of them', async () => {
    open();
    const { steps, transcript } = record();
    const first = await bench.run('many-steps', { steps: 40 }, { steps, transcript });
    expect(first).toEqual(value(780));
    expect(transcript.entries.filter((entry) => entry.startsWith('end '))).toHaveLength(40);
    expect(await bench.run('many-steps', { steps: 40 }, { steps, attempt: 2 })).toEqual(first);
    expect([...steps.begun.values()]).toEqual(new Array(40).fill(1));
  });

  it('run by the hundred at once, more than an executor may have under way', async () => {
    open();
    expect(await bench.run('wide-map', { items: 700 }, record())).toEqual(value(699 * 700));
  });

  it('survive the executor: what ended is taken over with the files it wrote, what did not runs again', async () => {
    open();
    const { steps } = record();
    expect(await bench.run('dies-in-first-run', { first: true }, { steps })).toMatchObject({ kind: 'crashed' });
    expect([...steps.ends.keys()]).toEqual(['write']);
    const path = join(bench.directory(1), 'outputs', 'map');
    expect(await bench.run('dies-in-first-run', { first: false }, { steps, attempt: 2 })).toMatchObject({
      kind: 'succeeded',
      outputs: {
        result: { value: 'survived' },
        map: { kind: 'file', path, size: 5, mediaType: 'text/plain' },
      },
    });
    expect(readFileSync(path, 'utf8')).toBe('a map');
    expect(steps.begun).toEqual(
      new Map([
        ['write', 1],
        ['die', 2],
      ]),
    );
  });

  it('work in an execution that leaves no job, where nothing can be waited for', async () => {
    open();
    expect(await bench.run('two-steps')).toEqual(value('1970-01-01T00:00:00.000Z 30'));
    expect(await bench.run('question')).toMatchObject({ kind: 'failed', fault: { code: 'process-failed' } });
  });

  describe('when the journal fails', () => {
    it.each(['no-net', 'stubborn'])('fail the run, with no inner workings told: %s', async (processId) => {
      const error = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
      open();
      const { steps } = record();
      steps.verdict = () => Promise.reject(new Error('a bug in a statement'));
      expect(await bench.run(processId, {}, { steps })).toEqual({
        kind: 'failed',
        fault: { code: 'internal', detail: 'The service could not run the job; its log says why.' },
      });
      expect(error).toHaveBeenCalledWith(expect.stringContaining('a bug in a statement'));
      expect(await bench.run('two-steps', {}, record())).toMatchObject({ kind: 'succeeded' });
    });

    it('end with the run while they wait for a verdict, and hear nothing of what comes later', async () => {
      open();
      const { steps, transcript } = record();
      let answer = (_verdict: StepVerdict) => {};
      let fail = (_error: Error) => {};
      steps.verdict = ({ key }) => new Promise((resolve) => ((answer = resolve), transcript.add(`waits ${key}`)));
      const controller = new AbortController();
      const running = bench.run('no-net', {}, { steps, transcript, signal: controller.signal });
      await transcript.heard('waits step');
      controller.abort();
      expect(await running).toEqual({ kind: 'cancelled' });
      answer({ do: 'run', attempt: 1 });
      steps.verdict = () => new Promise((_resolve, reject) => ((fail = reject), transcript.add('waits again')));
      const dying = bench.run('no-net', {}, { steps, transcript });
      await transcript.heard('waits again');
      for (const executor of bench.pool.pids) process.kill(executor, 'SIGKILL');
      expect(await dying).toMatchObject({ kind: 'crashed' });
      jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
      fail(new Error('too late'));
      expect(await bench.run('two-steps', {}, record())).toMatchObject({ kind: 'succeeded' });
    });
  });

  describe('that user code asks for itself', () => {
    const step = { key: 'a', name: 'a', kind: 'run', inputHash: 'x', after: [] };
    const begin = (ask: number) => ({ type: 'ask', ask, call: 'begin', step });
    const completed = { key: 'a', end: 'completed', name: 'Completed' };

    it.each([
      ['a malformed ask', [{ ...begin(1), step: { ...step, key: '' } }], 'malformed message "ask"'],
      ['an ask without a number', [{ ...begin(1), ask: 'x' }], 'malformed message "ask"'],
      ['a number twice', [begin(1), begin(1)], 'it asked for steps as no executor does'],
      [
        'more asks than an executor makes',
        [...Array(400).keys()].map((ask) => begin(ask + 1)),
        'it asked for steps as no executor does',
      ],
    ])('end the executor: %s', async (_name, messages, words) => {
      open();
      const { steps } = record();
      steps.verdict = () => new Promise(() => undefined);
      expect(await bench.run('send', { messages, stay: true }, { steps })).toEqual({
        kind: 'crashed',
        fault: { code: 'crashed', detail: expect.stringContaining(words) },
      });
      expect(await pid()).toEqual(expect.any(Number));
    });

    it('end the executor where the service keeps no steps', async () => {
      open();
      expect(await bench.run('send', { messages: [begin(1)], stay: true })).toMatchObject({
        kind: 'crashed',
        fault: { detail: expect.stringContaining('it asked for steps as no executor does') },
      });
    });

    it('are ignored under the number of another run', async () => {
      open();
      const { steps, transcript } = record();
      const first = await pid();
      const messages = [begin(1), { type: 'ask', ask: 2, call: 'end', end: completed }];
      const outcome = await bench.run('send', { messages, run: 1 }, { steps, transcript });
      expect(outcome).toEqual(value(first));
      expect(transcript.entries.filter((entry) => !entry.startsWith('info'))).toEqual([]);
    });

    it.each([
      ['a secret of the machine', (directory: string) => join(directory, 'secret')],
      ['a file over the parent directory', (directory: string) => `${directory}/outputs/../secret`],
      ['a file that is not there', (directory: string) => join(directory, 'outputs', 'map')],
    ])('put no file on record that the run did not write: %s', async (_name, pathIn) => {
      open();
      const { steps } = record();
      const directory = bench.directory();
      mkdirSync(join(directory, 'outputs'), { recursive: true });
      writeFileSync(join(directory, 'secret'), 'secret');
      const file = { id: 'map', path: pathIn(directory), size: 6, sha256: 'a'.repeat(64), mediaType: 'text/plain' };
      const messages = [{ type: 'ask', ask: 1, call: 'end', end: { ...completed, outputs: [file] } }];
      const first = await pid();
      expect(await bench.run('send', { messages, run: 2 }, { steps })).toMatchObject({
        kind: 'failed',
        fault: { code: 'invalid-output', errors: [{ pointer: '/outputs/map' }] },
      });
      expect(steps.ends.size).toBe(0);
      expect(await pid()).not.toBe(first);
    });
  });

  describe('that wait', () => {
    const waiting = () => {
      const { steps, transcript } = record();
      steps.verdict = ({ kind }) => (kind === 'input' ? Promise.resolve({ do: 'suspend' }) : undefined);
      return { steps, transcript };
    };

    it('give the executor free for the next unit, and run on with what came', async () => {
      open();
      const { steps } = waiting();
      const first = await pid();
      expect(await bench.run('question', {}, { steps })).toEqual({ kind: 'suspended' });
      expect(await pid()).toBe(first);
      steps.verdict = () => Promise.resolve({ do: 'return', value: { yes: true } });
      expect(await bench.run('question', {}, { steps, attempt: 2 })).toEqual(value({ yes: true }));
    });

    it('leave code behind that reaches nobody: no log, no step, no artifact, no output, no progress', async () => {
      open();
      const first = await pid();
      const earlier = waiting();
      expect(await bench.run('haunting', {}, earlier)).toEqual({ kind: 'suspended' });
      const { steps, transcript } = record();
      expect(await bench.run('haunted', {}, { steps, transcript, attempt: 2 })).toEqual(value(first));
      const told = [...earlier.transcript.entries, ...transcript.entries];
      expect(told.filter((entry) => entry.includes('ghost') || entry.includes('99'))).toEqual([]);
      expect(transcript.entries.slice(0, 3)).toEqual(['info: own line through Nest', 'begin own step', 'end own step']);
      expect(earlier.steps.artifacts).toEqual([]);
    });
  });

  describe('and the process itself', () => {
    it('asks for another attempt of the job as its policy says, and only where a job is on record', async () => {
      open();
      const fails = { message: 'no luck' };
      const fault = { code: 'process-failed', detail: 'no luck' };
      const { steps } = record();
      expect(await bench.run('fails', fails, { steps })).toEqual({ kind: 'failed', fault, retry: { delay: 5_000 } });
      expect(await bench.run('fails', fails, { steps, attempt: 2 })).toEqual({ kind: 'failed', fault });
      expect(await bench.run('fails', fails)).toEqual({ kind: 'failed', fault });
    });

    it('hears of its end by @OnState(), which changes nothing of it', async () => {
      open();
      const first = await pid();
      const good = record();
      expect(await bench.run('succeeds', {}, good)).toEqual(value('well'));
      expect(good.transcript.entries).toEqual(['info: a-job is COMPLETED: undefined']);
      const bad = { ...record(), attempt: 2 };
      expect(await bench.run('fails', { message: 'no luck' }, bad)).toMatchObject({ kind: 'failed' });
      expect(bad.transcript.entries.slice(-2)).toEqual([
        expect.stringMatching(/^warn: The hook "stumble" of the state FAILED failed: .*the hook stumbles/),
        'info: a-job is FAILED: no luck',
      ]);
      expect(await pid()).toBe(first);
    });

    it('does not hear of what is not its end: another attempt follows, or it waits', async () => {
      open();
      const again = record();
      await bench.run('fails', { message: 'no luck' }, again);
      const waits = record();
      waits.steps.verdict = () => Promise.resolve({ do: 'suspend' });
      expect(await bench.run('suspends', {}, waits)).toEqual({ kind: 'suspended' });
      const told = [...again.transcript.entries, ...waits.transcript.entries];
      expect(told.filter((entry) => entry.includes('a-job is'))).toEqual([]);
    });
  });

  it('are not begun in an executor for a job that is cancelled already', async () => {
    open();
    const { steps, transcript } = record();
    const outcome = await bench.run('two-steps', {}, { steps, transcript, signal: AbortSignal.abort() });
    expect(outcome).toEqual({ kind: 'cancelled' });
    expect(new Transcript().entries).toEqual(transcript.entries);
  });
});
