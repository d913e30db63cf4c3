import { describe, expect, it } from '@jest/globals';
import { StepJournal, type StepStart, type StepVerdict } from '../flows/step-journal.js';
import { DomainError } from '../ogc/problems/domain-error.js';
import { OpenAsks } from './open-asks.js';
import { MOST_ASKS } from './remote-journal.js';
import type { StepAnswer, StepAsk } from './step-asks.js';

class Journal extends StepJournal {
  constructor(private readonly verdict: (step: StepStart) => Promise<StepVerdict>) {
    super();
  }

  begin(step: StepStart): Promise<StepVerdict> {
    return this.verdict(step);
  }

  end(): Promise<{ do: 'go' }> {
    return Promise.resolve({ do: 'go' });
  }

  keep(): Promise<void> {
    return Promise.resolve();
  }
}

const begin = (key: string): StepAsk => ({
  call: 'begin',
  step: { key, name: key, kind: 'run', inputHash: 'x', after: [] },
});

function open(verdict: (step: StepStart) => Promise<StepVerdict>) {
  const answers: [number, StepAnswer][] = [];
  const asks = new OpenAsks(new Journal(verdict), (ask, answer) => void answers.push([ask, answer]));
  return { asks, answers };
}

const turn = () => new Promise(setImmediate);
const run = () => Promise.resolve<StepVerdict>({ do: 'run', attempt: 1 });

describe('OpenAsks', () => {
  it('answers every ask under its number', async () => {
    const { asks, answers } = open(run);
    expect(asks.take(7, begin('a'))).toBe(true);
    expect(asks.take(8, { call: 'end', end: { key: 'a', end: 'completed', name: 'Completed' } })).toBe(true);
    expect(asks.take(9, { call: 'keep', artifact: { key: 'k', type: 'table', data: [] } })).toBe(true);
    await turn();
    expect(answers.sort(([a], [b]) => a - b)).toEqual([
      [7, { value: { do: 'run', attempt: 1 } }],
      [8, { value: { do: 'go' } }],
      [9, { value: undefined }],
    ]);
  });

  it('answers with words when the journal fails, and tells the executor nothing of its inner workings', async () => {
    const { asks, answers } = open(({ key }) =>
      Promise.reject(
        key === 'a' ? new Error('password of the database') : new DomainError('internal', 'Written for clients.'),
      ),
    );
    asks.take(1, begin('a'));
    asks.take(2, begin('b'));
    await turn();
    expect(answers).toEqual([
      [1, { error: 'The service could not run the job; its log says why.' }],
      [2, { error: 'Written for clients.' }],
    ]);
  });

  it('refuses a number in use, more asks than an executor makes, and asks of a run that keeps its own steps', () => {
    const never = () => new Promise<StepVerdict>(() => undefined);
    const { asks } = open(never);
    expect([asks.take(1, begin('a')), asks.take(1, begin('b'))]).toEqual([true, false]);
    for (let ask = 2; ask <= MOST_ASKS; ask++) expect(asks.take(ask, begin(`${ask}`))).toBe(true);
    expect(asks.take(MOST_ASKS + 1, begin('c'))).toBe(false);
    expect(new OpenAsks(undefined, () => undefined).take(1, begin('a'))).toBe(false);
  });

  it('is silent once the run has ended', async () => {
    let fail = (_error: Error) => {};
    const begun: string[] = [];
    const { asks, answers } = open(({ key }) => {
      begun.push(key);
      return new Promise((_resolve, reject) => (fail = reject));
    });
    asks.take(1, begin('a'));
    asks.close();
    fail(new Error('too late'));
    expect(asks.take(2, begin('b'))).toBe(true);
    await turn();
    expect([begun, answers]).toEqual([['a'], []]);
  });
});
