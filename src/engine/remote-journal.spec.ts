import { describe, expect, it } from '@jest/globals';
import type { StepStart } from '../flows/step-journal.js';
import { JournalError, MOST_ASKS, RemoteJournal } from './remote-journal.js';
import type { StepAsk } from './step-asks.js';

const step = (key: string): StepStart => ({ key, name: key, kind: 'run', inputHash: 'a', after: [] });
const end = (key: string) => ({ key, end: 'completed', name: 'Completed' }) as const;

/** The service's end: keeps what was asked and answers when told to. */
function open() {
  const asked: { ask: number; call: StepAsk; failed: (error: Error) => void }[] = [];
  return { asked, journal: new RemoteJournal((ask, call, failed) => void asked.push({ ask, call, failed })) };
}

/** Asks wait for their turn in a lane, which takes some turns of the microtask queue. */
const turn = () => new Promise(setImmediate);

describe('RemoteJournal', () => {
  it('gives each call the answer to its own ask, in whatever order they come', async () => {
    const { asked, journal } = open();
    const calls = Promise.all([
      journal.begin(step('a')),
      journal.end(end('b')),
      journal.keep({ key: 'c', type: 'markdown', data: '' }),
    ]);
    await turn();
    expect(asked.map(({ call }) => call.call)).toEqual(['begin', 'end', 'keep']);
    journal.answer(asked[2].ask, {});
    journal.answer(asked[1].ask, { value: { do: 'go' } });
    journal.answer(asked[0].ask, { value: { do: 'run', attempt: 1 } });
    expect(await calls).toEqual([{ do: 'run', attempt: 1 }, { do: 'go' }, undefined]);
  });

  it('rejects a call that the service answers with an error, or that does not leave the process', async () => {
    const { asked, journal } = open();
    const refused = journal.begin(step('a'));
    const unsent = journal.end(end('b'));
    await turn();
    journal.answer(asked[0].ask, { error: 'The database is full.' });
    asked[1].failed(new Error('channel closed'));
    await expect(refused).rejects.toEqual(new JournalError('The database is full.'));
    await expect(unsent).rejects.toThrow('The service cannot be reached: channel closed');
  });

  it('has a bounded number of asks under way, and never lets one that waits for a verdict hold up the end of a step', async () => {
    const { asked, journal } = open();
    const begins = Array.from({ length: 2_000 }, (_, index) => journal.begin(step(`${index}`)));
    await turn();
    const waiting = asked.length;
    expect(waiting).toBeLessThan(MOST_ASKS);
    const ended = journal.end(end('x'));
    await turn();
    journal.answer((asked.at(-1) as { ask: number }).ask, { value: { do: 'go' } });
    expect(await ended).toEqual({ do: 'go' });
    for (let next = 0; next < asked.length; next++) {
      if (asked[next].call.call === 'begin') journal.answer(asked[next].ask, { value: { do: 'run', attempt: 1 } });
      await turn();
    }
    expect(await Promise.all(begins)).toHaveLength(2_000);
    const keys = asked.flatMap(({ call }) => (call.call === 'begin' ? [call.step.key] : []));
    expect(keys).toEqual(Array.from({ length: 2_000 }, (_, index) => `${index}`));
  });

  it('asks nothing more and settles nothing once the run has ended', async () => {
    const { asked, journal } = open();
    let settled = 0;
    for (let index = 0; index < 500; index++) void journal.begin(step(`${index}`)).finally(() => settled++);
    await turn();
    const before = asked.length;
    journal.close();
    for (const { ask } of [...asked]) journal.answer(ask, { error: 'too late' });
    await turn();
    expect([asked.length, settled]).toEqual([before, 0]);
  });
});
