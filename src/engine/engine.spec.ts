import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Settings } from '../config/settings.js';
import { PauseSignal } from '../processes/flow-signals.js';
import type { JobContext } from '../processes/job-context.js';
import type { ProcessHandler } from '../processes/process-handler.js';
import { ProcessRegistry } from '../processes/process-registry.js';
import { ChildRunner } from './child-runner.js';
import { Engine } from './engine.js';
import type { ExecutionOutcome, LogLine } from './execution-unit.js';
import { ExecutorEntry } from './executor-entry.js';
import { ExecutorPool } from './executor-pool.js';
import { TestStorages } from '../../test/harness/storages.js';
import { InlineRunner } from './inline-runner.js';

const settings = Settings.parse({ CANCEL_GRACE: '50ms', INLINE_OUTPUT: '100B', EXECUTOR_WARM: '0' });

describe('Engine with an inline process', () => {
  let directory: string;
  let lines: LogLine[];
  let steps: unknown[][];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'inline-'));
    lines = [];
    steps = [];
  });
  afterEach(() => {
    jest.restoreAllMocks();
    rmSync(directory, { recursive: true });
  });

  function run(
    execute: (inputs: Record<string, unknown>, context: JobContext) => unknown,
    {
      timeout = 60_000,
      timeLimit = undefined as number | undefined,
      signal = new AbortController().signal,
      processId = 'test',
    } = {},
  ): Promise<ExecutionOutcome> {
    const registry = new ProcessRegistry();
    registry.fill([
      {
        description: {
          id: 'test',
          version: '1.0.0',
          jobControlOptions: [],
          outputTransmission: [],
          inputs: {},
          outputs: { result: { schema: {} }, note: { schema: { type: 'string', contentMediaType: 'text/plain' } } },
        },
        policy: { isolation: 'inline', syncJobs: false },
        handler: { execute } as ProcessHandler,
        validateInputs: () => [],
        validateEachInput: () => [],
        reviveInputs: (values) => ({ ...values, revived: true }),
        validateOutputs: () => [],
      },
    ]);
    const pool = new ExecutorPool(settings, new ExecutorEntry());
    const engine = new Engine(
      registry,
      new InlineRunner(settings),
      new ChildRunner(settings, pool),
      new TestStorages(),
      settings,
    );
    const observer = {
      log: (line: LogLine) => void lines.push(line),
      progress: (...step: unknown[]) => {
        steps.push(step);
        if (step[1] === 'faulty') throw new Error('the observer is faulty');
      },
    };
    return engine.run({ jobId: 'job', processId, inputs: { a: 1 }, timeout, timeLimit, directory }, observer, signal);
  }

  it('revives the inputs and returns the outputs with their media types', async () => {
    expect(await run((inputs) => ({ result: inputs, note: 'text' }))).toEqual({
      kind: 'succeeded',
      outputs: {
        result: { kind: 'value', value: { a: 1, revived: true }, mediaType: 'application/json' },
        note: { kind: 'value', value: 'text', mediaType: 'text/plain' },
      },
    });
    expect(existsSync(join(directory, 'outputs'))).toBe(false);
  });

  it('writes values larger than INLINE_OUTPUT to a file', async () => {
    expect(await run(() => ({ note: 'x'.repeat(101) }))).toMatchObject({
      kind: 'succeeded',
      outputs: { note: { kind: 'file', size: 101, mediaType: 'text/plain', path: join(directory, 'outputs', 'note') } },
    });
  });

  it('waits for writes that the process did not wait for, and fails when they fail', async () => {
    const outcome = await run((_inputs, { outputs }) => void outputs.write('result', 'bytes'));
    expect(outcome).toMatchObject({ kind: 'succeeded', outputs: { result: { kind: 'file', size: 5 } } });
    const failing = (async function* () {
      yield await Promise.reject<Uint8Array>(new Error('source lost'));
    })();
    expect(await run((_inputs, { outputs }) => void outputs.write('result', failing))).toMatchObject({
      kind: 'failed',
      fault: { code: 'process-failed', detail: 'source lost' },
    });
  });

  it.each([
    [
      'awaited',
      (_inputs: unknown, { outputs }: JobContext) => outputs.write('note', 'x', { mediaType: 'a/b\r\nc: d' }),
    ],
    [
      'left alone',
      (_inputs: unknown, { outputs }: JobContext) => void outputs.write('note', 'x', { mediaType: 'a/\0' }),
    ],
    ['of a file', (_inputs: unknown, { outputs }: JobContext) => outputs.file('note', '/x', { mediaType: 'a' })],
  ])('refuses a media type that no header can hold, and names the output: %s', async (_name, execute) => {
    expect(await run(execute)).toMatchObject({
      kind: 'failed',
      fault: {
        code: 'invalid-output',
        detail: expect.stringContaining('/outputs/note has no valid media type'),
        errors: [{ pointer: '/outputs/note' }],
      },
    });
  });

  it('lets a process write an output again whose media type was refused', async () => {
    const outcome = await run(async (_inputs, { outputs }) => {
      await outputs.write('note', 'x', { mediaType: 'none' }).catch(() => outputs.write('note', 'x'));
    });
    expect(outcome).toMatchObject({ kind: 'succeeded', outputs: { note: { kind: 'file', mediaType: 'text/plain' } } });
  });

  it('ends a run whose error has a message that is no text', async () => {
    const outcome = await run(() => Promise.reject(Object.assign(new Error('x'), { message: 42 })));
    expect(outcome).toEqual({ kind: 'failed', fault: { code: 'process-failed', detail: '42' } });
  });

  it('clamps progress, keeps the work directory to the run, and outlives a faulty observer', async () => {
    const error = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    let work = '';
    await run(async (_inputs, context) => {
      work = await context.workDirectory();
      for (const percent of [-5, 33.3, NaN, 500]) context.progress(percent);
      context.progress(1, 'faulty');
      return { result: existsSync(work) };
    });
    expect(steps.map(([percent]) => percent)).toEqual([0, 33, 100, 1]);
    expect(existsSync(work)).toBe(false);
    expect(error).toHaveBeenCalledWith('The observer of an execution failed', expect.any(Error));
  });

  it('says where a PauseSignal belongs that no task threw', async () => {
    const outcome = await run(() => Promise.reject(new PauseSignal({ type: 'object' })));
    expect(outcome).toMatchObject({
      kind: 'failed',
      fault: { code: 'process-failed', detail: expect.stringMatching(/outside of a task.*context\.waitForInput/) },
    });
  });

  it('discards the result of code that outlasts limit and grace, and says what to do', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    let finish = (_value: unknown) => {};
    const outcome = await run(
      (_inputs, context) =>
        new Promise((resolve) => {
          finish = (value) => {
            context.logger.info('late');
            resolve(value);
          };
        }),
      { timeout: 20, timeLimit: 2_000 },
    );
    finish({ result: 'late' });
    expect(outcome).toEqual({
      kind: 'timed-out',
      fault: { code: 'timed-out', detail: 'The execution took longer than its time limit of 2 s' },
    });
    expect(warn).toHaveBeenCalledWith(expect.stringContaining("isolation 'child'"));
    expect(lines).toEqual([]);
  });

  it('discards a result that comes after the limit because the code blocked the event loop', async () => {
    const outcome = await run(
      () => {
        const end = performance.now() + 30;
        while (performance.now() < end);
        return { result: 1 };
      },
      { timeout: 10 },
    );
    expect(outcome.kind).toBe('timed-out');
  });

  it('takes a limit longer than a timer can hold as a long one', async () => {
    expect((await run(() => ({ result: 1 }), { timeout: 2 ** 40 })).kind).toBe('succeeded');
  });

  it('aborts the signal with a reason when the caller cancels', async () => {
    const controller = new AbortController();
    let reason: unknown;
    const running = run(
      (_inputs, { signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve((reason = signal.reason)));
          controller.abort();
        }),
      { signal: controller.signal },
    );
    expect(await running).toEqual({ kind: 'cancelled' });
    expect(reason).toMatchObject({ name: 'AbortError' });
  });

  it('does not begin when the caller has cancelled already', async () => {
    const execute = jest.fn();
    expect(await run(execute, { signal: AbortSignal.abort() })).toEqual({ kind: 'cancelled' });
    expect(execute).not.toHaveBeenCalled();
  });

  it('never rejects: an unknown process is an outcome', async () => {
    expect(await run(() => ({}), { processId: 'unknown' })).toMatchObject({
      kind: 'failed',
      fault: { code: 'no-such-process' },
    });
  });

  it('refuses what comes after the end', async () => {
    let kept: JobContext | undefined;
    await run((_inputs, context) => void (kept = context));
    await expect(kept?.outputs.write('result', 'late')).rejects.toThrow('after the execution had ended');
    await expect(kept?.workDirectory()).rejects.toThrow('has ended');
    kept?.logger.info('late');
    kept?.progress(50);
    expect([lines, steps]).toEqual([[], []]);
  });
});
