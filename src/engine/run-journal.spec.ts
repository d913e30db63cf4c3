import { describe, expect, it } from '@jest/globals';
import type { StepTransactions } from '../flows/step-host.js';
import {
  StepJournal,
  type Artifact,
  type StepEnd,
  type StepReceipt,
  type StepStart,
  type StepVerdict,
} from '../flows/step-journal.js';
import { RunJournal } from './run-journal.js';

class Recorder extends StepJournal {
  readonly ends: StepEnd[] = [];
  readonly kept: Artifact[] = [];
  verdict: Promise<StepVerdict> = Promise.resolve({ do: 'run', attempt: 1 });

  begin(_step: StepStart): Promise<StepVerdict> {
    return this.verdict;
  }

  end(end: StepEnd): Promise<StepReceipt> {
    this.ends.push(end);
    return Promise.resolve({ do: 'go' });
  }

  keep(artifact: Artifact): Promise<void> {
    this.kept.push(artifact);
    return Promise.resolve();
  }
}

const step: StepStart = { key: 'a', name: 'a', kind: 'run', inputHash: 'x', after: [] };
const open = () => {
  const inner = new Recorder();
  return { inner, journal: new RunJournal(inner) };
};

describe('RunJournal', () => {
  it('passes on what it is told', async () => {
    const { inner, journal } = open();
    expect(await journal.begin(step)).toEqual({ do: 'run', attempt: 1 });
    const end: StepEnd = { key: 'a', end: 'completed', name: 'Completed', value: { depth: [1, null] } };
    expect(await journal.end(end)).toEqual({ do: 'go' });
    await journal.keep({ key: 'k', type: 'table', data: [] });
    expect([inner.ends, inner.kept]).toEqual([[end], [{ key: 'k', type: 'table', data: [] }]]);
  });

  it('makes the words of an error storable, whatever it says and however long', async () => {
    const { inner, journal } = open();
    const fault = { name: 'Odd\0Error', message: `\ud800${'x'.repeat(100_000)}` };
    await journal.end({ key: 'a', end: 'failed', name: 'Failed', fault });
    const [kept] = inner.ends as { fault: { name: string; message: string } }[];
    expect(kept.fault.name).toBe('Odd\ufffdError');
    expect(kept.fault.message.startsWith('\ufffdxxx')).toBe(true);
    expect(kept.fault.message.length).toBeLessThan(10_000);
  });

  it('tells the author what goes beyond the bounds, and keeps nothing of it', async () => {
    const { inner, journal } = open();
    const value = 'x'.repeat(1024 ** 2);
    await expect(journal.end({ key: 'a', end: 'completed', name: 'Completed', value })).rejects.toThrow(
      /step "a".* 1048578 bytes .*write an output or a file/,
    );
    await expect(journal.begin({ ...step, key: 'k'.repeat(1_001) })).rejects.toThrow(RangeError);
    expect(inner.ends).toEqual([]);
  });

  it('is silent once the run has ended: nothing is passed on, and nothing settles', async () => {
    const { inner, journal } = open();
    let settled = 0;
    let answer = (_verdict: StepVerdict) => {};
    inner.verdict = new Promise((resolve) => (answer = resolve));
    void journal.begin(step).finally(() => settled++);
    const failing = open();
    let fail = (_error: Error) => {};
    failing.inner.verdict = new Promise((_resolve, reject) => (fail = reject));
    void failing.journal.begin(step).finally(() => settled++);
    journal.close();
    failing.journal.close();
    answer({ do: 'run', attempt: 1 });
    fail(new Error('too late'));
    void journal.end({ key: 'a', end: 'completed', name: 'Completed' }).finally(() => settled++);
    void journal.keep({ key: 'k', type: 'table', data: [] }).finally(() => settled++);
    await new Promise(setImmediate);
    expect([settled, inner.ends, inner.kept]).toEqual([0, [], []]);
  });

  describe('with transactions', () => {
    const openTransactional = () => {
      const committed: StepEnd[] = [];
      const transactions: StepTransactions = {
        run: async (work) => {
          committed.push(await work({} as never));
          return { do: 'go' };
        },
      };
      return { committed, transactions, journal: new RunJournal(Object.assign(new Recorder(), { transactions })) };
    };
    const end: StepEnd = { key: 'a', end: 'completed', name: 'Skipped', message: 'nul \0' };

    it('makes the end storable, and refuses what goes beyond the bounds before it is committed', async () => {
      const { committed, journal } = openTransactional();
      expect(await journal.transactions!.run(() => Promise.resolve(end))).toEqual({ do: 'go' });
      expect(committed).toEqual([{ ...end, message: 'nul \ufffd' }]);
      const large: StepEnd = { key: 'a', end: 'completed', name: 'Completed', value: 'x'.repeat(2 * 1024 ** 2) };
      await expect(journal.transactions!.run(() => Promise.resolve(large))).rejects.toThrow(RangeError);
      expect(committed).toHaveLength(1);
    });

    it('undoes what is written when the run has ended meanwhile', async () => {
      const { committed, transactions, journal } = openTransactional();
      let undone: unknown;
      const commit = transactions.run.bind(transactions);
      transactions.run = (work) => commit(work).catch((error: unknown) => Promise.reject((undone = error) as Error));
      void journal.transactions!.run(() => {
        journal.close();
        return Promise.resolve(end);
      });
      await new Promise((resolve) => setImmediate(resolve));
      expect(committed).toEqual([]);
      expect(undone).toBeInstanceOf(Error);
    });
  });
});
