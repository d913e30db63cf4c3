import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Settings } from '../config/settings.js';
import {
  StepJournal,
  type StepEnd,
  type StepReceipt,
  type StepStart,
  type StepVerdict,
} from '../flows/step-journal.js';
import type { StateChange } from '../processes/definition/task-definition.js';
import type { JobContext } from '../processes/job-context.js';
import type { ProcessPolicy, RegisteredProcess } from '../processes/registered-process.js';
import { CheckedJournal } from './checked-journal.js';
import type { LogLine } from './execution-unit.js';
import { TestStorages } from '../../test/harness/storages.js';
import { StorageDesk } from './storage-desk.js';
import { InlineRunner } from './inline-runner.js';

class Journal extends StepJournal {
  readonly told: string[] = [];
  verdict: (step: StepStart) => Promise<StepVerdict> = () => Promise.resolve({ do: 'run', attempt: 1 });

  begin(step: StepStart): Promise<StepVerdict> {
    this.told.push(`begin ${step.key}`);
    return this.verdict(step);
  }

  end(end: StepEnd): Promise<StepReceipt> {
    this.told.push(`end ${end.key} ${end.end}`);
    return Promise.resolve({ do: 'go' });
  }

  keep(): Promise<void> {
    return Promise.resolve();
  }
}

const retry = { attempts: 2, delay: 700, factor: 1, jitter: 0, maxDelay: Infinity };

describe('InlineRunner with a journal of steps', () => {
  let directory: string;
  let journal: Journal;
  let changes: StateChange[];
  let lines: LogLine[];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'inline-'));
    [journal, changes, lines] = [new Journal(), [], []];
  });
  afterEach(() => {
    jest.restoreAllMocks();
    rmSync(directory, { recursive: true });
  });

  function run(
    execute: (inputs: unknown, context: JobContext) => unknown,
    { policy, attempt, timeout = 60_000 }: { policy?: Partial<ProcessPolicy>; attempt?: number; timeout?: number } = {},
  ) {
    const outputs = { result: { schema: {} } };
    const tell = (change: StateChange, context: JobContext) => {
      changes.push(change);
      context.logger.info('told');
      return context.run('a step', () => 1);
    };
    const process: RegisteredProcess = {
      description: {
        id: 'p',
        version: '1.0.0',
        jobControlOptions: [],
        outputTransmission: [],
        inputs: {},
        outputs,
      },
      policy: { isolation: 'inline', syncJobs: true, ...policy },
      handler: { execute, tell } as unknown as RegisteredProcess['handler'],
      hooks: [{ method: 'tell', states: ['COMPLETED', 'FAILED'] }],
      validateInputs: () => [],
      validateEachInput: () => [],
      reviveInputs: (values) => values,
      validateOutputs: () => [],
    };
    const unit = { jobId: 'job', processId: 'p', attempt, inputs: {}, timeout, directory };
    const observer = { progress: () => undefined, log: (line: LogLine) => void lines.push(line) };
    const runner = new InlineRunner(Settings.parse({ CANCEL_GRACE: '20ms' }));
    const desk = new StorageDesk(new TestStorages(), process, unit, observer, 0);
    const checked = new CheckedJournal(journal, outputs, unit);
    return runner.run(process, unit, observer, new AbortController().signal, desk, checked);
  }

  it('keeps the steps in it, and tells @OnState() of the end, where steps are refused', async () => {
    const outcome = await run(async (_inputs, context) => ({ result: await context.run('a', () => 5) }));
    expect(outcome).toMatchObject({ kind: 'succeeded', outputs: { result: { value: 5 } } });
    expect(journal.told).toEqual(['begin a', 'end a completed']);
    expect(changes).toEqual([{ state: 'COMPLETED', jobId: 'job' }]);
    expect(lines.map(({ message }) => message)).toEqual(['told', expect.stringContaining('The job has ended')]);
  });

  it('asks for another attempt as the policy says, and tells @OnState() of the last one only', async () => {
    const fail = () => Promise.reject(new Error('no luck'));
    const fault = { code: 'process-failed', detail: 'no luck' };
    expect(await run(fail, { policy: { retry } })).toEqual({ kind: 'failed', fault, retry: { delay: 700 } });
    expect(changes).toEqual([]);
    expect(await run(fail, { policy: { retry }, attempt: 2 })).toEqual({ kind: 'failed', fault });
    expect(changes).toEqual([{ state: 'FAILED', jobId: 'job', message: 'no luck' }]);
  });

  it('is suspended by it, and says nothing to @OnState()', async () => {
    journal.verdict = () => Promise.resolve({ do: 'suspend' });
    expect(await run((_inputs, context) => context.waitForInput('a', { type: 'object' }))).toEqual({
      kind: 'suspended',
    });
    expect(changes).toEqual([]);
  });

  it('fails without another attempt when the flow took another way than before', async () => {
    const fault = { name: 'NonDeterminismError', message: 'The step "a" differs' };
    journal.verdict = () => Promise.resolve({ do: 'throw', fault });
    const execute = (_inputs: unknown, context: JobContext) => context.run('a', () => 1).catch(() => ({ result: 1 }));
    expect(await run(execute, { policy: { retry } })).toEqual({
      kind: 'failed',
      fault: { code: 'non-determinism', detail: 'The step "a" differs' },
    });
  });

  it('fails when it fails, whatever the code makes of that', async () => {
    jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    journal.verdict = () => Promise.reject(new Error('a bug in a statement'));
    const execute = (_inputs: unknown, context: JobContext) => context.run('a', () => 1).catch(() => ({ result: 1 }));
    expect(await run(execute)).toMatchObject({ kind: 'failed', fault: { code: 'internal' } });
  });

  it('begins nothing any more for code that goes on after its time limit', async () => {
    jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    let goOn = () => {};
    const late = new Promise<void>((resolve) => (goOn = resolve));
    const outcome = await run(
      async (_inputs, context) => {
        await late;
        await context.artifact.markdown('late', 'x');
        return { result: 1 };
      },
      { timeout: 10 },
    );
    const keep = jest.spyOn(journal, 'keep');
    goOn();
    await new Promise(setImmediate);
    expect(outcome.kind).toBe('timed-out');
    expect(keep).not.toHaveBeenCalled();
  });
});
