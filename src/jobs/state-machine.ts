import { isTerminal, STATE_TYPES, type StateType } from './job-state.js';

/** A state: its type drives the logic, its name tells people more. */
export interface State {
  readonly type: StateType;
  readonly name: string;
}

/** A state that a job or a step has. */
export interface Standing extends State {
  /** names the change that led to it */
  readonly transition?: string;
  /** of `COMPLETED`: whether its result is on record */
  readonly hasResult?: boolean;
}

/** What may be known when a change is proposed. What is absent stands in nobody's way. */
export interface Circumstances {
  /** Milliseconds until it may run; 0 or less: it may. Absent: it waits for no time. */
  readonly dueIn?: number;
  /** Whether there is a process to run (again). */
  readonly isRunnable?: boolean;
  /** The failure is followed by another attempt. @property delay milliseconds */
  readonly retry?: { readonly delay: number };
  /** Whether a lost executor is made up for: the budget for crashes is not used up. */
  readonly isRecoverable?: boolean;
  /** Whether the time for an answer has passed. */
  readonly isOverdue?: boolean;
  /** Whether the question was answered before. */
  readonly isAnswered?: boolean;
  /** A limit of jobs of this kind that is reached, and what it asks for. */
  readonly jobLimit?: 'queue' | 'cancelNew' | 'cancelRunning';
  /** Of a step: the state of its job. */
  readonly job?: StateType;
  /** Of a step: whether there is a result for it elsewhere. */
  readonly isCached?: boolean;
  /** Of a step: how many may run at once, where so many do. */
  readonly stepLimit?: number;
  /** Of a step: whether the executor that ran it is gone. */
  readonly isLost?: boolean;
  /** Of a step: whether it has a worker of its own, whatever its job does meanwhile. */
  readonly isElsewhere?: boolean;
  /** Of a step: whether its job is tried again. */
  readonly isRepeated?: boolean;
}

/** What a change concerns. A step is a row of `task_run`. */
export type Subject = 'job' | 'step';

/** What becomes of a proposed change. */
export type Verdict =
  | { readonly answer: 'accept' }
  /** Not this; where a state is given, that one in its place. */
  | { readonly answer: 'reject'; readonly state?: State }
  /** Not yet. @property ms until it is worth asking again; absent when only somebody else can end the waiting */
  | { readonly answer: 'wait'; readonly ms?: number }
  /** Whoever proposes this must stop what it does. */
  | { readonly answer: 'abort'; readonly reason: string };

const ACCEPT: Verdict = { answer: 'accept' };
const REJECT: Verdict = { answer: 'reject' };
const insteadOf = (type: StateType, name: string): Verdict => ({ answer: 'reject', state: { type, name } });
const abort = (reason: string): Verdict => ({ answer: 'abort', reason });

/** A rule: its verdict, or nothing when it says nothing about this change. */
type Rule = (from: Standing, to: Standing, given: Circumstances, subject: Subject) => Verdict | undefined;

/**
 * The rules by their numbers in the order in which they are asked; the first that speaks decides. Numbers with a T are
 * those of the state table of the design; P5 is the promise that a terminal status never changes, P2 that a step with
 * a result is not run again; F is the fence: what only the one that runs a job may say.
 */
const RULES: readonly (readonly [number: string, rule: Rule])[] = [
  [
    'T1',
    (from, to) =>
      to.transition !== undefined && to.transition === from.transition ? insteadOf(from.type, from.name) : undefined,
  ],
  [
    'T2',
    ({ type }, to, { isElsewhere }, subject) => {
      if (to.type !== 'PENDING' || (subject === 'step' && isElsewhere && changesWorker(to))) return undefined;
      if (type === 'PENDING') return to.name === 'Pending' ? abort('It was submitted before.') : undefined;
      const isTaken = type === 'RUNNING' || type === 'CANCELLING' || type === 'CANCELLED';
      return isTaken ? abort('It was taken before.') : undefined;
    },
  ],
  [
    'T3',
    ({ type }, to) =>
      isTerminal(type) && (to.type === 'CANCELLING' || to.type === 'PAUSED' || to.type === 'CRASHED')
        ? abort('It has ended.')
        : undefined,
  ],
  ['T4', ({ type, hasResult }, to) => (type === 'COMPLETED' && hasResult && !isTerminal(to.type) ? REJECT : undefined)],
  [
    'T5',
    ({ type, hasResult }, to) =>
      type === 'COMPLETED' && hasResult && to.type === 'COMPLETED' && !to.hasResult ? REJECT : undefined,
  ],
  [
    'T6',
    ({ type }, to, { isRunnable = true }) =>
      isTerminal(type) && to.type === 'SCHEDULED' && !isRunnable ? abort('There is nothing to run.') : undefined,
  ],
  [
    'T7',
    ({ type }, to, { isRepeated }, subject) => {
      if (!isTerminal(type)) return undefined;
      // P5, P2. A step has no status of its own: one that failed begins anew with its job.
      return subject === 'step' && isRepeated && type === 'FAILED' && to.type === 'PENDING' ? ACCEPT : REJECT;
    },
  ],
  ['T8', ({ type }, to) => (type === 'CANCELLING' && to.type !== 'CANCELLED' ? REJECT : undefined)],
  [
    'T9',
    ({ type }, to) =>
      to.type === 'CANCELLING' && type !== 'RUNNING' ? insteadOf('CANCELLED', 'Cancelled') : undefined,
  ],
  [
    'T10',
    ({ type }, to, { retry }) =>
      type === 'RUNNING' && to.type === 'FAILED' && retry ? insteadOf('SCHEDULED', 'AwaitingRetry') : undefined,
  ],
  ['T11', (_, to, { dueIn = 0 }) => (to.type === 'RUNNING' && dueIn > 0 ? { answer: 'wait', ms: dueIn } : undefined)],
  [
    'T12',
    ({ type, name }, to, { isAnswered }) => {
      if (to.type !== 'PAUSED') return undefined;
      if (isAnswered) return REJECT;
      // What a person asks for holds also for a job that waits; code can only suspend itself while it runs.
      const isWish = to.name === 'Paused' && name !== 'Paused';
      return type === 'RUNNING' || isWish ? undefined : REJECT;
    },
  ],
  [
    'T13',
    ({ type, name }, to, { dueIn, isOverdue, isAnswered, isElsewhere }, subject) => {
      if (type !== 'PAUSED') return undefined;
      if (subject === 'step' && isOverdue && !isAnswered && to.type !== 'FAILED')
        return insteadOf('FAILED', 'TimedOut');
      const changes = subject === 'step' && isElsewhere === true && changesWorker(to);
      if (to.type === 'PENDING' && !changes) return REJECT;
      if (to.type !== 'RUNNING' && !changes) return undefined;
      if (subject === 'step') return isAnswered ? undefined : { answer: 'wait' };
      // A paused job goes on by being scheduled; a suspended one when its time has come.
      return name === 'Suspended' && dueIn !== undefined ? undefined : REJECT;
    },
  ],
  [
    'T14',
    ({ type, name }, to, { jobLimit, dueIn }, subject) => {
      if (subject !== 'job' || (to.type !== 'PENDING' && to.type !== 'RUNNING')) return undefined;
      // What stands in line is told when it is its turn.
      if (name === 'AwaitingConcurrencySlot' && dueIn === undefined) return { answer: 'wait' };
      // What runs has its place. For whom cancelRunning makes room, that one waits until there is some.
      if (type === 'RUNNING' || jobLimit === undefined) return undefined;
      const isNew = type === 'PENDING' || name === 'Scheduled' || name === 'Late';
      return jobLimit === 'cancelNew' && isNew
        ? insteadOf('CANCELLED', 'Cancelled')
        : insteadOf('SCHEDULED', 'AwaitingConcurrencySlot');
    },
  ],
  [
    'T15',
    (_, to, { job = 'RUNNING', isElsewhere }, subject) => {
      if (subject !== 'step' || to.type !== 'RUNNING') return undefined;
      const goesOn = isElsewhere ? !isTerminal(job) && job !== 'CANCELLING' : job === 'RUNNING';
      return goesOn ? undefined : abort('Its job does not run.');
    },
  ],
  [
    'T16',
    (_, to, { isCached }, subject) =>
      subject === 'step' && to.type === 'RUNNING' && isCached ? insteadOf('COMPLETED', 'Cached') : undefined,
  ],
  [
    'T17',
    (_, to, { stepLimit }, subject) => {
      if (subject !== 'step' || to.type !== 'RUNNING' || stepLimit === undefined) return undefined;
      // Whoever gives a place free tells those who wait for it.
      return stepLimit === 0 ? abort('Its limit allows none at all.') : { answer: 'wait' };
    },
  ],
  [
    'T18',
    ({ type, name }, to) => (to.name === 'Late' && (type !== 'SCHEDULED' || name === 'Late') ? REJECT : undefined),
  ],
  ['F', fence],
];

/** What only the one that runs it may say, and what must be said to it first. */
function fence(from: Standing, to: Standing, given: Circumstances, subject: Subject) {
  const { isLost, isRecoverable, isElsewhere } = given;
  const isRunning = from.type === 'RUNNING';
  if (subject === 'step') {
    // What is asked for is the end of their job; what dies is their job as well, unless they have workers of their own.
    if (to.type === 'CANCELLING' || (to.type === 'CRASHED' && !isElsewhere)) return REJECT;
    if (isElsewhere && (to.type === 'CRASHED' || to.name === 'JobTimedOut')) return givenUp(from, to, isRecoverable);
  }
  switch (to.type) {
    case 'RUNNING':
      // Taken once; of a step a second time when its executor is gone.
      return isRunning && !(subject === 'step' && isLost) ? REJECT : ACCEPT;
    case 'COMPLETED':
    case 'FAILED':
      // A step that waits ends with what it waited for.
      return isRunning || (subject === 'step' && endsWaiting(from, to)) ? ACCEPT : REJECT;
    case 'CRASHED':
      if (!isRunning) return REJECT;
      return isRecoverable ? insteadOf('SCHEDULED', 'AwaitingRecovery') : ACCEPT;
    case 'CANCELLED':
      return isRunning && subject === 'job' ? insteadOf('CANCELLING', 'Cancelling') : ACCEPT;
    default:
      return ACCEPT;
  }
}

/** A worker may lose a task also while it waits to make the next attempt. */
function givenUp({ type }: State, to: State, isRecoverable = false): Verdict {
  if (type !== 'RUNNING' && type !== 'SCHEDULED') return REJECT;
  return to.type === 'CRASHED' && isRecoverable ? insteadOf('PENDING', 'AwaitingWorker') : ACCEPT;
}

/** Whether a task goes back to the queue, whoever had it. */
function changesWorker(to: State): boolean {
  return to.type === 'PENDING' && to.name === 'AwaitingWorker';
}

function endsWaiting({ type }: State, to: State): boolean {
  return type === 'PAUSED' || (type === 'SCHEDULED' && to.type === 'COMPLETED');
}

/**
 * Decides about a change of state, of a job or of one of its steps. The statements of the stores make the changes; their
 * conditions come from here ({@link acceptedFrom}), so that no two of them disagree about what may follow what.
 */
export function decide(
  current: Standing,
  proposed: Standing,
  given: Circumstances = {},
  subject: Subject = 'job',
): Verdict {
  for (const [, rule] of RULES) {
    const verdict = rule(current, proposed, given, subject);
    if (verdict !== undefined) return verdict;
  }
  return REJECT;
}

/** The rule that decides about a change, by its number. */
export function rulingOf(
  current: Standing,
  proposed: Standing,
  given: Circumstances = {},
  subject: Subject = 'job',
): string | undefined {
  return RULES.find(([, rule]) => rule(current, proposed, given, subject) !== undefined)?.[0];
}

/** The usual name of a state of each type. */
export const PLAIN_NAMES: Readonly<Record<StateType, string>> = {
  SCHEDULED: 'Scheduled',
  PENDING: 'Pending',
  RUNNING: 'Running',
  PAUSED: 'Paused',
  CANCELLING: 'Cancelling',
  COMPLETED: 'Completed',
  FAILED: 'Failed',
  CRASHED: 'Crashed',
  CANCELLED: 'Cancelled',
};

const plain = (type: StateType): State => ({ type, name: PLAIN_NAMES[type] });

/**
 * The types of state from which a change to this one is accepted, for the conditions of statements.
 * @param to a type, under its usual name, or a state
 * @param given the circumstances in which the statement is executed
 */
export function acceptedFrom(
  to: StateType | State,
  given: Circumstances = {},
  subject: Subject = 'job',
): readonly StateType[] {
  const proposed = typeof to === 'string' ? plain(to) : to;
  return STATE_TYPES.filter((type) => decide(plain(type), proposed, given, subject).answer === 'accept');
}

/**
 * The types of state that a proposal changes in one way or the other: it is accepted, or another state takes its place.
 * For statements that write what {@link decide} answers.
 */
export function changedBy(
  to: StateType | State,
  given: Circumstances = {},
  subject: Subject = 'job',
): readonly StateType[] {
  const proposed = typeof to === 'string' ? plain(to) : to;
  return STATE_TYPES.filter((type) => {
    const verdict = decide(plain(type), proposed, given, subject);
    return verdict.answer === 'accept' || (verdict.answer === 'reject' && verdict.state !== undefined);
  });
}
