import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StepTransactions } from '../flows/step-host.js';
import { StepJournal, type StepEnd, type StepOutput, type StepStart, type StepVerdict } from '../flows/step-journal.js';
import { InputFile } from '../processes/input-file.js';
import { CheckedJournal } from './checked-journal.js';
import type { FileOwner } from './marked-files.js';

class Journal extends StepJournal {
  readonly ends: StepEnd[] = [];
  verdict: () => Promise<StepVerdict> = () => Promise.resolve({ do: 'run', attempt: 1 });

  begin(): Promise<StepVerdict> {
    return this.verdict();
  }

  end(end: StepEnd): Promise<{ do: 'go' }> {
    this.ends.push(end);
    return Promise.resolve({ do: 'go' });
  }

  keep(): Promise<void> {
    return Promise.reject(new Error('the disk is full'));
  }
}

const step = { key: 'a', name: 'a', kind: 'task', inputHash: 'x', after: [] } as const;

describe('CheckedJournal', () => {
  let root: string;
  let directory: string;
  let unit: FileOwner;
  let inner: Journal;
  let journal: CheckedJournal;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'checked-journal-'));
    directory = join(root, 'a-job', '2');
    unit = { jobId: 'a-job', directory, inputs: { given: new InputFile(join(root, 'given'), 5, 'text/plain') } };
    mkdirSync(join(directory, 'outputs'), { recursive: true });
    inner = new Journal();
    journal = new CheckedJournal(inner, { map: { schema: {} }, note: { schema: {} } }, unit);
  });
  afterEach(() => {
    jest.restoreAllMocks();
    rmSync(root, { recursive: true });
  });

  /** An output of 5 bytes, there or not. */
  const output = (id: string, path: string): StepOutput => ({
    id,
    path,
    size: 5,
    sha256: 'a'.repeat(64),
    mediaType: 'text/plain',
  });
  const written = (id: string) => {
    const path = join(directory, 'outputs', id);
    writeFileSync(path, 'bytes');
    return output(id, path);
  };
  const completed = (...outputs: StepOutput[]): StepEnd => ({ key: 'a', end: 'completed', name: 'Completed', outputs });

  it('puts on record the files that a step wrote', async () => {
    const end = completed(written('map'), written('note'));
    expect(await journal.end(end)).toEqual({ do: 'go' });
    expect(inner.ends).toEqual([end]);
    expect(journal.failure).toBeUndefined();
  });

  it.each([
    ['another file of the machine', () => [output('map', join(root, 'secret'))]],
    ['a file that is not there', () => [output('map', join(directory, 'outputs', 'map'))]],
    ['an output that the process does not have', () => [written('other')]],
    ['one output twice, the second time rightly', () => [output('map', join(root, 'secret')), written('map')]],
  ])('fails the run rather than putting on record %s', async (_name, outputs) => {
    writeFileSync(join(root, 'secret'), 'bytes');
    await expect(journal.end(completed(...outputs()))).rejects.toThrow('outputs that its description does not allow');
    expect(inner.ends).toEqual([]);
    expect(journal.failure?.code).toBe('invalid-output');
  });

  it('knows the files of an earlier run that the journal gave back, and only as it gave them', async () => {
    const earlier = output('map', join(root, '1', 'outputs', 'map'));
    const file = {
      kind: 'file',
      path: earlier.path,
      size: 5,
      sha256: earlier.sha256,
      mediaType: 'text/plain',
    } as const;
    expect(await journal.violationsOf({ map: file })).toHaveLength(1);
    inner.verdict = () => Promise.resolve({ do: 'return', outputs: [earlier] });
    await journal.begin(step);
    expect(await journal.violationsOf({ map: file })).toEqual([]);
    expect(await journal.violationsOf({ note: file })).toHaveLength(1);
    expect(await journal.violationsOf({ map: { ...file, size: 6 } })).toHaveLength(1);
    await journal.end(completed(earlier));
    expect(inner.ends).toHaveLength(1);
  });

  describe('for a task that another worker may be given', () => {
    const calling = (path: string): StepStart => ({
      ...step,
      arguments: { values: [null], marks: [{ at: [0], is: 'file', path, size: 5, mediaType: 'text/plain' }] },
    });

    it('lets through inputs, and files in the directory of the job', async () => {
      mkdirSync(join(root, 'a-job', 'inputs'));
      for (const path of [join(root, 'a-job', 'inputs', '0'), join(directory, 'made')]) {
        writeFileSync(path, 'bytes');
        expect(await journal.begin(calling(path))).toEqual({ do: 'run', attempt: 1 });
      }
      expect(await journal.begin(calling(join(root, 'given')))).toEqual({ do: 'run', attempt: 1 });
      expect(journal.failure).toBeUndefined();
    });

    it.each([
      ['a file of another job', () => join(root, 'a-job-2', 'inputs', '0')],
      ['a way out of the directory', () => join(root, 'a-job') + '/../a-job-2/inputs/0'],
      ['a symbolic link to elsewhere', () => join(directory, 'link')],
      ['a file that is not there', () => join(directory, 'nothing')],
    ])('fails the run when it is called with %s', async (_name, pathOf) => {
      mkdirSync(join(root, 'a-job-2', 'inputs'), { recursive: true });
      writeFileSync(join(root, 'a-job-2', 'inputs', '0'), 'bytes');
      symlinkSync(join(root, 'a-job-2', 'inputs', '0'), join(directory, 'link'));
      inner.verdict = () => Promise.reject(new Error('was asked'));
      await expect(journal.begin(calling(pathOf()))).rejects.toThrow("is none of this job's");
      expect(journal.failure).toMatchObject({ code: 'process-failed' });
    });
  });

  it('waits for what the code does not wait for, so that a failure of it is known before the run ends', async () => {
    journal.end(completed(output('map', join(root, 'secret')))).catch(() => undefined);
    expect(journal.failure).toBeUndefined();
    await journal.settled();
    expect(journal.failure).toMatchObject({ code: 'invalid-output' });
  });

  it('keeps the first failure of the journal, whatever the code makes of it', async () => {
    const error = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    await expect(journal.keep({ key: 'k', type: 'table', data: [] })).rejects.toThrow('the disk is full');
    inner.verdict = () => Promise.reject(new Error('something else'));
    await expect(journal.begin(step)).rejects.toThrow('something else');
    expect(journal.failure).toEqual({
      code: 'internal',
      detail: 'The service could not run the job; its log says why.',
    });
    expect(error.mock.calls[0][0]).toContain('the disk is full');
  });

  describe('of an inline process, whose tasks may be transactional', () => {
    const committing = {
      run: async (work: Parameters<StepTransactions['run']>[0]) => {
        inner.ends.push(await work({} as never));
        return { do: 'go' } as const;
      },
    };
    const open = (transactions: StepTransactions) =>
      new CheckedJournal(Object.assign(inner, { transactions }), { map: { schema: {} } }, unit);

    it('looks at the files of a step before its end is put on record', async () => {
      const checked = open(committing);
      await checked.transactions!.run(() => Promise.resolve(completed(written('map'))));
      expect(inner.ends).toHaveLength(1);
      const elsewhere = completed(output('map', join(root, 'elsewhere')));
      await expect(checked.transactions!.run(() => Promise.resolve(elsewhere))).rejects.toThrow();
      expect(inner.ends).toHaveLength(1);
      expect(checked.failure).toMatchObject({ code: 'invalid-output' });
    });

    it('tells what the code of a step throws from a failure of the journal', async () => {
      const silenced = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
      const checked = open(committing);
      await expect(checked.transactions!.run(() => Promise.reject(new Error('stopped')))).rejects.toThrow('stopped');
      expect(checked.failure).toBeUndefined();
      const failing = open({ run: () => Promise.reject(new Error('the disk is full')) });
      await expect(failing.transactions!.run(() => Promise.resolve(completed()))).rejects.toThrow('the disk is full');
      expect(failing.failure).toBeDefined();
      expect(silenced).toHaveBeenCalledTimes(1);
    });
  });
});
