import { describe, expect, it } from '@jest/globals';
import { isTerminal, stateInWords, JOB_STATUSES, STATE_TYPES, statesOf, statusOf } from './job-state.js';

describe('job states', () => {
  it.each([
    ['SCHEDULED', 'accepted', false],
    ['PENDING', 'accepted', false],
    ['RUNNING', 'running', false],
    ['PAUSED', 'running', false],
    ['CANCELLING', 'running', false],
    ['COMPLETED', 'successful', true],
    ['FAILED', 'failed', true],
    ['CRASHED', 'failed', true],
    ['CANCELLED', 'dismissed', true],
  ] as const)('%s is %s to a client; final: %s', (state, status, terminal) => {
    expect(statusOf(state)).toBe(status);
    expect(isTerminal(state)).toBe(terminal);
  });

  it.each([
    ['Running', 'running'],
    ['TimedOut', 'timed out'],
    ['AwaitingConcurrencySlot', 'awaiting concurrency slot'],
  ])('are told in words: %s', (name, words) => {
    expect(stateInWords(name)).toBe(words);
  });

  it('stand behind exactly one OGC status each', () => {
    expect(JOB_STATUSES.flatMap(statesOf).sort()).toEqual([...STATE_TYPES].sort());
    for (const status of JOB_STATUSES) expect(statesOf(status).map(statusOf)).toContain(status);
  });
});
