import type { OutgoingFault } from '../outgoing/outgoing-error.js';

const FIRST_DELAY = 1_000;
const LONGEST_DELAY = 3_600_000;
/** What another attempt cannot change. */
const HOPELESS: readonly OutgoingFault[] = ['url', 'credentials', 'address'];

/** Says of a receiver that it has gone for good (RFC 9110 section 15.5.11). */
export const GONE = 410;

/** What became of an attempt. */
export interface FailedAttempt {
  /** Attempts so far, this one included. */
  readonly attempts: number;
  /** Milliseconds since the call became due. */
  readonly age: number;
  /** Whether the call is given up for the sake of others. */
  readonly makesWay: boolean;
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
  { attempts, age, makesWay, status, fault }: FailedAttempt,
  limits: { readonly CALLBACK_ATTEMPTS: number; readonly CALLBACK_MAX_AGE: number },
  random: number = Math.random(),
): number | undefined {
  if (status === GONE || (fault !== undefined && HOPELESS.includes(fault))) return undefined;
  if (attempts >= limits.CALLBACK_ATTEMPTS || makesWay) return undefined;
  const longest = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** Math.min(attempts - 1, 20));
  const delay = longest / 2 + (longest / 2) * random;
  return age + delay > limits.CALLBACK_MAX_AGE ? undefined : delay;
}
