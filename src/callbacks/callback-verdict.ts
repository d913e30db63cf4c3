import type { CallbackKind } from '../jobs/job.types.js';
import type { OutgoingFault } from '../outgoing/outgoing-error.js';

const FIRST_DELAY = 1_000;
const LONGEST_DELAY = 3_600_000;
/** Failed attempts after which a call about progress makes way for a later call of its job. */
const PATIENCE_WITH_PROGRESS = 3;
/** What another attempt cannot change. */
const HOPELESS: readonly OutgoingFault[] = ['url', 'credentials', 'address'];

/** What became of an attempt. */
export interface FailedAttempt {
  readonly kind: CallbackKind;
  /** Attempts so far, this one included. */
  readonly attempts: number;
  /** Milliseconds since the call became due. */
  readonly age: number;
  /** Whether a later call of the job waits for this one. */
  readonly holdsUp: boolean;
  /** HTTP status of the answer, if there was one. */
  readonly status?: number;
  readonly fault?: OutgoingFault;
}

/**
 * Decides whether a call that failed is tried again.
 * @param random from 0 to 1, spreads the attempts of many calls that failed together
 * @returns milliseconds until the next attempt; nothing when it is given up
 */
export function retryDelay(
  attempt: FailedAttempt,
  limits: { readonly CALLBACK_ATTEMPTS: number; readonly CALLBACK_MAX_AGE: number },
  random: number = Math.random(),
): number | undefined {
  // 410: the subscriber has gone for good (RFC 9110 section 15.5.11).
  if (attempt.status === 410 || (attempt.fault !== undefined && HOPELESS.includes(attempt.fault))) return undefined;
  if (attempt.attempts >= limits.CALLBACK_ATTEMPTS) return undefined;
  if (attempt.kind === 'inProgressUri' && attempt.holdsUp && attempt.attempts >= PATIENCE_WITH_PROGRESS) {
    return undefined;
  }
  const longest = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** Math.min(attempt.attempts - 1, 20));
  const delay = longest / 2 + (longest / 2) * random;
  return attempt.age + delay > limits.CALLBACK_MAX_AGE ? undefined : delay;
}
