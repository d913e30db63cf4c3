import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JobContext } from '../processes/job-context.js';
import type { RegisteredProcess } from '../processes/registered-process.js';
import type { LogLine } from './execution-unit.js';
import { runHandler } from './run-handler.js';
import { stopError, type StopReason } from './time-limit.js';

/** Bytes of JSON beyond which a value is stored as a file. */
const INLINE = 20;

const NO_STORAGES = {
  of: () => {
    throw new Error('there are none');
  },
};

describe('runHandler', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'run-handler-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  const register = (execute: (inputs: unknown, context: JobContext) => unknown): RegisteredProcess => ({
    description: {
      id: 'a-process',
      version: '1.0.0',
      jobControlOptions: [],
      outputTransmission: [],
      inputs: {},
      outputs: { small: { schema: {} }, large: { schema: {} }, written: { schema: {} } },
    },
    policy: { isolation: 'inline', syncJobs: true },
    handler: { execute } as RegisteredProcess['handler'],
    validateInputs: () => [],
    validateEachInput: () => [],
    reviveInputs: (values) => values,
    validateOutputs: (values) => ('bad' in values ? [{ pointer: '/outputs/bad', detail: 'is unknown' }] : []),
  });

  async function run(
    execute: (inputs: unknown, context: JobContext) => unknown,
    { outputs, signal = new AbortController().signal }: { outputs?: readonly string[]; signal?: AbortSignal } = {},
  ) {
    const lines: LogLine[] = [];
    const observer = { progress: () => undefined, log: (line: LogLine) => void lines.push(line) };
    const unit = { jobId: 'a-job', processId: 'a-process', inputs: {}, outputs, timeout: 1_000, directory };
    return { outcome: await runHandler(register(execute), unit, observer, { signal }, INLINE, NO_STORAGES), lines };
  }

  describe('what code throws that is told to stop', () => {
    const stopped = (reason: StopReason) => {
      const controller = new AbortController();
      controller.abort(stopError(reason));
      return controller.signal;
    };

    it('is a line of level info when the job is dismissed or handed back', async () => {
      const { lines } = await run((_, { signal }) => signal.throwIfAborted(), { signal: stopped('cancelled') });
      expect(lines.map(({ level, message }) => [level, message])).toEqual([
        ['info', 'The process stopped, as it was asked to.'],
      ]);
    });

    it('is a line of level info also when an error of the code wraps it', async () => {
      const execute = async (_: unknown, { signal }: JobContext) => {
        const cause = await Promise.reject(signal.reason as Error).catch((error: unknown) => error);
        throw new Error('The request failed', { cause: new TypeError('fetch failed', { cause }) });
      };
      const { lines } = await run(execute, { signal: stopped('cancelled') });
      expect(lines.map(({ level }) => level)).toEqual(['info']);
    });

    it.each([
      ['its time limit has passed', 'timed-out', (_: unknown, { signal }: JobContext) => signal.throwIfAborted()],
      [
        'it fails on its way out',
        'cancelled',
        () => {
          throw new TypeError('x is undefined');
        },
      ],
    ] as const)('is an error when %s', async (_, reason, execute) => {
      const { lines } = await run(execute, { signal: stopped(reason) });
      expect(lines.map(({ level }) => level)).toEqual(['error']);
      expect(lines[0].message).toMatch(/^(TypeError|TimeoutError): /);
    });
  });

  describe('of several outputs', () => {
    const produce = async (_: unknown, { outputs, workDirectory }: JobContext) => {
      const made = join(await workDirectory(), 'made');
      await writeFile(made, 'bytes');
      await outputs.file('written', made);
      return { small: 1, large: 'x'.repeat(INLINE) };
    };

    it('keeps all when no selection was made', async () => {
      const { outcome } = await run(produce);
      expect(Object.keys(outcome.kind === 'succeeded' ? outcome.outputs : {}).sort()).toEqual([
        'large',
        'small',
        'written',
      ]);
      expect((await readdir(join(directory, 'outputs'))).sort()).toEqual(['large', 'written']);
    });

    it.each([
      [['small'], []],
      [['written'], ['written']],
      [['large', 'small'], ['large']],
      [[], []],
    ])('keeps those that were requested: %j', async (outputs, files) => {
      const { outcome } = await run(produce, { outputs });
      expect(Object.keys(outcome.kind === 'succeeded' ? outcome.outputs : {}).sort()).toEqual(outputs);
      expect(await readdir(join(directory, 'outputs'))).toEqual(files);
    });

    it('checks those too that were not requested', async () => {
      const { outcome } = await run(() => ({ small: 1, bad: 2 }), { outputs: ['small'] });
      expect(outcome).toMatchObject({ kind: 'failed', fault: { code: 'invalid-output' } });
    });
  });
});
