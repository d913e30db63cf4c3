import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isTerminal, STATE_TYPES, type StateType } from './job-state.js';
import {
  acceptedFrom,
  changedBy,
  type Circumstances,
  decide,
  PLAIN_NAMES,
  rulingOf,
  type Standing,
  type Subject,
  type Verdict,
} from './state-machine.js';

const NAMES: Readonly<Record<StateType, readonly string[]>> = {
  SCHEDULED: [
    'Scheduled',
    'Late',
    'AwaitingRetry',
    'AwaitingConcurrencySlot',
    'AwaitingRecovery',
    'Resuming',
    'Sleeping',
  ],
  PENDING: ['Pending', 'Submitting', 'AwaitingWorker'],
  RUNNING: ['Running', 'Retrying'],
  PAUSED: ['Paused', 'Suspended', 'AwaitingInput'],
  CANCELLING: ['Cancelling'],
  COMPLETED: ['Completed', 'Cached', 'Skipped'],
  FAILED: ['Failed', 'TimedOut', 'JobTimedOut'],
  CRASHED: ['Crashed'],
  CANCELLED: ['Cancelled'],
};
const TERMINAL = STATE_TYPES.filter(isTerminal);
const OPEN = STATE_TYPES.filter((type) => !isTerminal(type));

const of = (text: string, more: Partial<Standing> = {}): Standing => {
  const [type, name] = text.split('/') as [StateType, string | undefined];
  return { type, name: name ?? PLAIN_NAMES[type], ...more };
};

const standing = (types: readonly StateType[] = STATE_TYPES): fc.Arbitrary<Standing> =>
  fc.constantFrom(...types).chain((type) =>
    fc.record(
      {
        type: fc.constant(type),
        name: fc.constantFrom(...NAMES[type]),
        transition: fc.constantFrom('one', 'two', 'three'),
        hasResult: fc.boolean(),
      },
      { requiredKeys: ['type', 'name'] },
    ),
  );

const circumstances: fc.Arbitrary<Circumstances> = fc.record(
  {
    dueIn: fc.integer({ min: -5, max: 5 }),
    isRunnable: fc.boolean(),
    retry: fc.record({ delay: fc.nat() }),
    isRecoverable: fc.boolean(),
    isOverdue: fc.boolean(),
    isAnswered: fc.boolean(),
    jobLimit: fc.constantFrom('queue', 'cancelNew', 'cancelRunning'),
    job: fc.constantFrom(...STATE_TYPES),
    isCached: fc.boolean(),
    stepLimit: fc.nat({ max: 3 }),
    isLost: fc.boolean(),
    isElsewhere: fc.boolean(),
    isRepeated: fc.boolean(),
  },
  { requiredKeys: [] },
);

const subject = fc.constantFrom<Subject>('job', 'step');

const ACCEPT: Verdict = { answer: 'accept' };
const REJECT: Verdict = { answer: 'reject' };
const ABORT = { answer: 'abort', reason: expect.any(String) };
const instead = (text: string): Verdict => {
  const { type, name } = of(text);
  return { answer: 'reject', state: { type, name } };
};
const wait = (ms?: number): Verdict => ({ answer: 'wait', ...(ms !== undefined && { ms }) });

type Case = [
  from: string | Standing,
  to: string | Standing,
  verdict: unknown,
  given?: Circumstances,
  subject?: Subject,
];

/** The table, rule by rule: what it decides, and just beside it what it leaves to others. */
const TABLE: Readonly<Record<string, readonly Case[]>> = {
  'T1: the same change once more is answered with the state that it led to': [
    [of('RUNNING', { transition: 'x' }), of('RUNNING', { transition: 'x' }), instead('RUNNING')],
    [of('COMPLETED', { transition: 'x' }), of('RUNNING', { transition: 'x' }), instead('COMPLETED')],
    [of('SCHEDULED', { transition: 'x' }), of('RUNNING', { transition: 'y' }), ACCEPT],
  ],
  'T2: what was taken is not taken again': [
    ...['PENDING', 'RUNNING', 'CANCELLING', 'CANCELLED'].map((from): Case => [from, 'PENDING', ABORT]),
    ['PENDING', 'PENDING/Submitting', ACCEPT],
    ['SCHEDULED', 'PENDING', ACCEPT],
    ['RUNNING', 'PENDING/AwaitingWorker', ABORT, {}, 'step'],
    ['RUNNING', 'PENDING/AwaitingWorker', ABORT, { isElsewhere: true }],
    ...['SCHEDULED', 'PENDING', 'RUNNING'].map((from): Case => [
      from,
      'PENDING/AwaitingWorker',
      ACCEPT,
      { isElsewhere: true },
      'step',
    ]),
  ],
  'T3: what has ended is neither dismissed nor paused nor lost': TERMINAL.flatMap((from) =>
    (['CANCELLING', 'PAUSED', 'CRASHED'] as const).flatMap((to): Case[] => [
      [from, to, ABORT],
      [from, to, ABORT, {}, 'step'],
    ]),
  ),
  'T4: a result that is on record stays': (['SCHEDULED', 'RUNNING'] as const).map((to): Case => [
    of('COMPLETED', { hasResult: true }),
    to,
    REJECT,
    { isRepeated: true },
    'step',
  ]),
  'T5: a result is not lost to a success without one': [
    [of('COMPLETED', { hasResult: true }), of('COMPLETED', { hasResult: false }), REJECT],
  ],
  'T6: what cannot be run is not scheduled again': [['FAILED', 'SCHEDULED', ABORT, { isRunnable: false }]],
  'T7: a terminal status of a job is final (P5); a step that failed begins anew with its job': [
    ...TERMINAL.flatMap((from) => (['SCHEDULED', 'RUNNING'] as const).map((to): Case => [from, to, REJECT])),
    ['FAILED', 'PENDING', REJECT, { isRepeated: true }, 'job'],
    ['FAILED', 'PENDING', ACCEPT, { isRepeated: true }, 'step'],
    ['FAILED', 'PENDING', REJECT, {}, 'step'],
    ['COMPLETED', 'PENDING', REJECT, { isRepeated: true }, 'step'],
  ],
  'T8: what is being dismissed can only end dismissed': [
    ...(['SCHEDULED', 'RUNNING', 'PAUSED', 'COMPLETED', 'FAILED', 'CRASHED', 'CANCELLING'] as const).map((to): Case => [
      'CANCELLING',
      to,
      REJECT,
    ]),
    ['CANCELLING', 'CANCELLED', ACCEPT],
  ],
  'T9: what nobody runs is dismissed at once': [
    ...['SCHEDULED', 'SCHEDULED/Resuming', 'PENDING', 'PAUSED', 'PAUSED/Suspended'].map((from): Case => [
      from,
      'CANCELLING',
      instead('CANCELLED'),
    ]),
    ['RUNNING', 'CANCELLING', ACCEPT],
  ],
  'T10: a failure that another attempt follows is none': [
    ['RUNNING', 'FAILED', instead('SCHEDULED/AwaitingRetry'), { retry: { delay: 5 } }],
    ['RUNNING', 'FAILED', instead('SCHEDULED/AwaitingRetry'), { retry: { delay: 5 } }, 'step'],
    ['RUNNING', 'FAILED', ACCEPT],
  ],
  'T11: nothing runs before its time': [
    ['SCHEDULED', 'RUNNING', wait(5), { dueIn: 5 }],
    ['SCHEDULED/AwaitingRetry', 'RUNNING', wait(5), { dueIn: 5 }, 'step'],
    ['SCHEDULED', 'RUNNING', ACCEPT, { dueIn: 0 }],
  ],
  'T12: code pauses itself only while it runs, and asks a question once': [
    ['RUNNING', 'PAUSED/Suspended', ACCEPT],
    ['SCHEDULED', 'PAUSED/Suspended', REJECT],
    ['PAUSED', 'PAUSED/Suspended', REJECT],
    ['RUNNING', 'PAUSED/AwaitingInput', REJECT, { isAnswered: true }, 'step'],
    ['SCHEDULED', 'PAUSED', ACCEPT],
    ['PAUSED/Suspended', 'PAUSED', ACCEPT],
    ['PAUSED', 'PAUSED', REJECT],
  ],
  'T13: a pause ends by being scheduled, by its time, by an answer, or with the job': [
    ['PAUSED', 'SCHEDULED', ACCEPT],
    ['PAUSED', 'PENDING', REJECT],
    ['PAUSED', 'RUNNING', REJECT],
    ['PAUSED', 'CANCELLED', ACCEPT],
    ['PAUSED/Suspended', 'RUNNING', ACCEPT, { dueIn: 0 }],
    ['PAUSED/Suspended', 'RUNNING', wait(5), { dueIn: 5 }],
    ['PAUSED/Suspended', 'RUNNING', REJECT],
    ['PAUSED/AwaitingInput', 'RUNNING', wait(), {}, 'step'],
    ['PAUSED/AwaitingInput', 'RUNNING', ACCEPT, { isAnswered: true }, 'step'],
    ['PAUSED/AwaitingInput', 'PENDING/AwaitingWorker', wait(), { isElsewhere: true }, 'step'],
    ['PAUSED/AwaitingInput', 'PENDING/AwaitingWorker', ACCEPT, { isElsewhere: true, isAnswered: true }, 'step'],
    ['PAUSED/AwaitingInput', 'PENDING/AwaitingWorker', REJECT, { isAnswered: true }, 'step'],
    ['PAUSED/AwaitingInput', 'COMPLETED', ACCEPT, { isAnswered: true, isOverdue: true }, 'step'],
    ['PAUSED/AwaitingInput', 'COMPLETED', instead('FAILED/TimedOut'), { isOverdue: true }, 'step'],
    ['PAUSED/AwaitingInput', 'FAILED/TimedOut', ACCEPT, { isOverdue: true }, 'step'],
  ],
  'T14: at a limit a job waits in line or is not begun, also while it takes the place of another': [
    ...(['PENDING', 'RUNNING'] as const).flatMap((to): Case[] => [
      ['SCHEDULED', to, instead('SCHEDULED/AwaitingConcurrencySlot'), { jobLimit: 'queue' }],
      ['SCHEDULED', to, instead('CANCELLED'), { jobLimit: 'cancelNew' }],
      ['SCHEDULED', to, instead('SCHEDULED/AwaitingConcurrencySlot'), { jobLimit: 'cancelRunning' }],
      ['SCHEDULED/Resuming', to, instead('SCHEDULED/AwaitingConcurrencySlot'), { jobLimit: 'cancelNew' }],
    ]),
    ['RUNNING', 'RUNNING', REJECT, { jobLimit: 'cancelNew' }],
    ['SCHEDULED/AwaitingConcurrencySlot', 'RUNNING', wait()],
    ['SCHEDULED/AwaitingConcurrencySlot', 'RUNNING', ACCEPT, { dueIn: 0 }],
  ],
  'T15: no step begins unless its job runs; one with a worker of its own, unless its job ends': [
    ...STATE_TYPES.filter((job) => job !== 'RUNNING').map((job): Case => [
      'SCHEDULED',
      'RUNNING',
      ABORT,
      { job, isCached: true },
      'step',
    ]),
    ...[...TERMINAL, 'CANCELLING' as const].map((job): Case => [
      'SCHEDULED',
      'RUNNING',
      ABORT,
      { job, isElsewhere: true },
      'step',
    ]),
    ['SCHEDULED', 'RUNNING', ACCEPT, { job: 'PAUSED', isElsewhere: true }, 'step'],
  ],
  'T16: a result that is there is taken, before a place is': [
    ['PENDING', 'RUNNING', instead('COMPLETED/Cached'), { isCached: true, stepLimit: 1 }, 'step'],
  ],
  'T17: at a limit a step waits; a limit of none at all ends it': [
    ['PENDING', 'RUNNING', wait(), { stepLimit: 3 }, 'step'],
    ['PENDING', 'RUNNING', ABORT, { stepLimit: 0 }, 'step'],
  ],
  'T18: only what is scheduled is late, and once': [
    ['SCHEDULED', 'SCHEDULED/Late', ACCEPT],
    ['SCHEDULED/Late', 'SCHEDULED/Late', REJECT],
    ...['PENDING', 'RUNNING', 'PAUSED'].map((from): Case => [from, 'SCHEDULED/Late', REJECT]),
  ],
  'F: only who runs a job speaks of its end, and a step is taken over from a lost executor only': [
    ['RUNNING', 'RUNNING', REJECT],
    ['RUNNING', 'RUNNING', REJECT, {}, 'step'],
    ['RUNNING', 'RUNNING', ACCEPT, { isLost: true }, 'step'],
    ['RUNNING', 'COMPLETED', ACCEPT],
    ['SCHEDULED', 'COMPLETED', REJECT],
    ['SCHEDULED/Sleeping', 'COMPLETED', ACCEPT, {}, 'step'],
    ['SCHEDULED', 'FAILED', REJECT, {}, 'step'],
    ['RUNNING', 'CRASHED', instead('SCHEDULED/AwaitingRecovery'), { isRecoverable: true }],
    ['RUNNING', 'CRASHED', ACCEPT, { isRecoverable: false }],
    ['SCHEDULED', 'CRASHED', REJECT],
    ['RUNNING', 'CANCELLED', instead('CANCELLING')],
    ['RUNNING', 'CANCELLING', REJECT, {}, 'step'],
    ['RUNNING', 'CRASHED', REJECT, {}, 'step'],
    ['RUNNING', 'CRASHED', ACCEPT, { isElsewhere: true }, 'step'],
    ['SCHEDULED/AwaitingRetry', 'CRASHED', ACCEPT, { isElsewhere: true }, 'step'],
    ['RUNNING', 'CRASHED', instead('PENDING/AwaitingWorker'), { isElsewhere: true, isRecoverable: true }, 'step'],
    ['PENDING/AwaitingWorker', 'CRASHED', REJECT, { isElsewhere: true }, 'step'],
    ['SCHEDULED/AwaitingRetry', 'FAILED/JobTimedOut', ACCEPT, { isElsewhere: true }, 'step'],
    ['SCHEDULED/AwaitingRetry', 'FAILED/JobTimedOut', REJECT, {}, 'step'],
  ],
};

describe('the state table', () => {
  describe.each(Object.entries(TABLE))('%s', (title, cases) => {
    const text = (state: string | Standing) => (typeof state === 'string' ? state : JSON.stringify(state));
    it.each(cases.map((one) => [text(one[0]), text(one[1]), one] as const))('%s -> %s', (_from, _to, one) => {
      const [from, to, verdict, given = {}, about = 'job'] = one;
      const states = [from, to].map((state) => (typeof state === 'string' ? of(state) : state));
      expect(decide(states[0], states[1], given, about)).toEqual(verdict);
    });

    it('is the rule that decides', () => {
      const rules = cases.map(([from, to, , given = {}, about = 'job']) => {
        const states = [from, to].map((state) => (typeof state === 'string' ? of(state) : state));
        return rulingOf(states[0], states[1], given, about);
      });
      expect(rules).toContain(title.split(':')[0]);
    });
  });

  const always = (
    check: (from: Standing, to: Standing, given: Circumstances, about: Subject) => void,
    from = standing(),
  ) => fc.assert(fc.property(from, standing(), circumstances, subject, check), { numRuns: 2_000 });

  it('P5, T3-T7: a terminal status of a job never changes, whatever is proposed in whatever circumstances', () => {
    always((from, to, given) => {
      const verdict = decide(from, to, given, 'job');
      expect(verdict.answer).not.toBe('accept');
      // T1 repeats the state that is there; no other takes its place.
      if (verdict.answer === 'reject' && verdict.state) expect(verdict.state.type).toBe(from.type);
    }, standing(TERMINAL));
  });

  it('P2: a step with a result is never run again', () => {
    always(
      (from, to, given) => {
        if (!isTerminal(to.type)) expect(decide(from, to, given, 'step').answer).not.toBe('accept');
      },
      standing(['COMPLETED']),
    );
  });

  it('T8: no path leads out of CANCELLING but to CANCELLED', () => {
    const reached = new Set<string>();
    always(
      (from, to, given, about) => {
        const verdict = decide(from, to, given, about);
        if (verdict.answer === 'accept') reached.add(to.type);
        if (verdict.answer === 'reject' && verdict.state) expect(verdict.state.type).toBe('CANCELLING');
      },
      standing(['CANCELLING']),
    );
    expect([...reached]).toEqual(['CANCELLED']);
  });

  it('T1: a proposal that was accepted is rejected with what it led to when it comes again', () => {
    always((from, to, given, about) => {
      const proposed = { ...to, transition: 'this one' };
      if (decide(from, proposed, given, about).answer !== 'accept') return;
      const { type, name } = proposed;
      expect(decide(proposed, proposed, given, about)).toEqual({ answer: 'reject', state: { type, name } });
    });
  });

  it('gives in the place of a state only one that is itself allowed, or is there already', () => {
    always((from, to, given, about) => {
      const verdict = decide(from, to, given, about);
      if (verdict.answer !== 'reject' || verdict.state === undefined) return;
      const { type, name } = verdict.state;
      if (type === from.type) return;
      // A result of elsewhere (T16) takes the place of running, from wherever that was allowed.
      if (name === 'Cached') return;
      const { isElsewhere } = given;
      const again = decide(from, { type, name }, { isElsewhere }, about);
      expect([from, verdict.state, again]).toEqual([from, verdict.state, ACCEPT]);
    });
  });

  it('T11, T17: waiting has an end that lies ahead, or is ended by somebody else', () => {
    always((from, to, given, about) => {
      const verdict = decide(from, to, given, about);
      if (verdict.answer !== 'wait') return;
      expect(['RUNNING', 'PENDING']).toContain(to.type);
      if (verdict.ms !== undefined) expect(verdict.ms).toBeGreaterThan(0);
    });
  });

  it('T15: whatever else is so, no step begins when its job does not run', () => {
    always((from, _to, given) => {
      if (given.job === undefined || given.job === 'RUNNING' || given.isElsewhere) return;
      expect(decide(from, of('RUNNING'), given, 'step').answer).not.toBe('accept');
    });
  });

  it('lets every job end: from each state an end can be reached', () => {
    const ends = (type: StateType, seen: readonly StateType[] = []): boolean =>
      isTerminal(type) ||
      STATE_TYPES.some((to) => !seen.includes(to) && acceptedFrom(to).includes(type) && ends(to, [...seen, type]));
    expect(OPEN.filter((type) => !ends(type))).toEqual([]);
  });

  it('says from where a state is reached, for the conditions of statements', () => {
    expect(acceptedFrom('RUNNING')).toEqual(['SCHEDULED', 'PENDING']);
    expect(acceptedFrom('CANCELLING')).toEqual(['RUNNING']);
    expect(changedBy('CANCELLING')).toEqual(['SCHEDULED', 'PENDING', 'RUNNING', 'PAUSED']);
    expect(acceptedFrom('RUNNING', { isLost: true, isAnswered: true }, 'step')).toEqual([
      'SCHEDULED',
      'PENDING',
      'RUNNING',
      'PAUSED',
    ]);
  });
});
