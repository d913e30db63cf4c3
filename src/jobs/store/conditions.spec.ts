import { describe, expect, it } from '@jest/globals';
import { STATE_TYPES } from '../job-state.js';
import { type Circumstances, decide, PLAIN_NAMES, type State } from '../state-machine.js';
import { DISMISSABLE, isIn, OWNED, SUSPENDED, TERMINAL, UNFINISHED, WAITS } from './conditions.js';

const plain = (type: State['type']): State => ({ type, name: PLAIN_NAMES[type] });
const STATES: readonly State[] = [
  ...STATE_TYPES.map(plain),
  { type: 'PAUSED', name: 'Suspended' },
  { type: 'SCHEDULED', name: 'AwaitingConcurrencySlot' },
];

/** Whether a condition holds of a job in a state. Reads as much SQL as the conditions are made of. */
function holds(condition: string, { type, name }: State, hasTime: boolean): boolean {
  const tokens = condition.match(/\bIN \([^)]*\)|[()]|'\w+'|[\w.]+|=/g)!;
  const columns: Record<string, string> = { state_type: type, state_name: name };
  const next = (token: string) => tokens[0] === token && tokens.shift() !== undefined;
  const any = (): boolean => {
    let result = all();
    while (next('OR')) result = all() || result;
    return result;
  };
  const all = (): boolean => {
    let result = one();
    while (next('AND')) result = one() && result;
    return result;
  };
  const one = (): boolean => {
    if (next('NOT')) return !one();
    if (next('(')) {
      const result = any();
      expect(next(')')).toBe(true);
      return result;
    }
    const column = tokens.shift()!;
    if (column === 'due_at') {
      expect(tokens.splice(0, 3)).toEqual(['IS', 'NOT', 'NULL']);
      return hasTime;
    }
    expect(Object.keys(columns)).toContain(column);
    next('=');
    return tokens.shift()!.includes(`'${columns[column]}'`);
  };
  const result = any();
  expect(tokens).toEqual([]);
  return result;
}

const accepted = (to: State['type'], given: Circumstances = {}) =>
  STATES.filter((from) => decide(from, plain(to), given).answer === 'accept');
const meant = (condition: string, hasTime = true) => STATES.filter((state) => holds(condition, state, hasTime));

describe('the conditions of statements, compared with the state table', () => {
  it('a worker takes what may run: T11, T13, T14', () => {
    expect(meant(WAITS, true)).toEqual(accepted('RUNNING', { dueIn: 0 }));
    expect(meant(WAITS, false)).toEqual(accepted('RUNNING'));
  });

  it('only what may end is owned: F', () => {
    const [, condition] = /\(([^()]*)\) IS TRUE$/.exec(OWNED)!;
    for (const to of ['COMPLETED', 'FAILED', 'CRASHED'] as const) expect(meant(condition)).toEqual(accepted(to));
  });

  it('what can be dismissed goes on to CANCELLING or is CANCELLED at once: T9', () => {
    const changed = STATES.filter((from) => {
      const verdict = decide(from, plain('CANCELLING'));
      return verdict.answer === 'accept' || (verdict.answer === 'reject' && verdict.state?.type === 'CANCELLED');
    });
    expect(meant(isIn(DISMISSABLE))).toEqual(changed);
  });

  it('what is unfinished can end, what is terminal cannot become anything: P5', () => {
    expect([...meant(UNFINISHED), ...meant(isIn(TERMINAL))]).toHaveLength(STATES.length);
    for (const from of meant(isIn(TERMINAL)))
      expect(STATES.some((to) => decide(from, to).answer === 'accept')).toBe(false);
  });

  it('a suspended job goes back to the queue: T13', () => {
    for (const from of meant(SUSPENDED)) expect(decide(from, plain('SCHEDULED')).answer).toBe('accept');
    expect(meant(SUSPENDED)).toHaveLength(1);
  });
});
