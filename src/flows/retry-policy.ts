import { parseDuration } from '../processes/definition/duration.js';
import { isSignal } from '../processes/flow-signals.js';
import type { RetryPolicy } from '../processes/definition/policies.js';
import { clampedDelay } from './jitter.js';

/** Shorter delays do no good, milliseconds. */
const SHORTEST = 100;
/** Without a policy, milliseconds. */
const DEFAULT_DELAY = 1_000;
/** Attempts in all where no policy says how many, however often a RetrySignal asks for another one. */
export const MOST_ATTEMPTS = 100;

/**
 * Whether something that failed is tried again. Pure but for `random` and the author's functions; when one of these
 * throws, there is no further attempt.
 *
 * @param policy absent: only a RetrySignal asks for another attempt
 * @param attempt the one that failed, 1 for the first
 * @param error what it threw
 * @param random a number from 0 up to 1
 * @returns milliseconds until the next attempt; undefined when there is none
 */
export function retryOf(
  policy: RetryPolicy | undefined,
  attempt: number,
  error: unknown,
  random: () => number = Math.random,
): number | undefined {
  try {
    if (!isTriedAgain(policy, attempt, error)) return undefined;
    const asked = isSignal(error, 'RetrySignal') ? parseDuration(error.delay) : undefined;
    if (asked !== undefined) return Math.max(SHORTEST, asked);
    if (policy === undefined) return DEFAULT_DELAY;
    const base = Math.min(baseDelay(policy, attempt, error), policy.maxDelay);
    const spread = policy.jitter > 0 ? clampedDelay(base, policy.jitter, random()) : base;
    return Math.round(Math.max(SHORTEST, Math.min(spread, policy.maxDelay)));
  } catch {
    return undefined;
  }
}

function isTriedAgain(policy: RetryPolicy | undefined, attempt: number, error: unknown): boolean {
  if (isSignal(error, 'FailSignal') || isDrift(error) || attempt >= (policy?.attempts ?? MOST_ATTEMPTS)) return false;
  if (isSignal(error, 'RetrySignal')) return true;
  if (policy === undefined) return false;
  if (policy.retryIf) return policy.retryIf(error, attempt);
  return !(error instanceof Error && error.name === 'ProcessRejection');
}

/** Another attempt would take the same other way. */
function isDrift(error: unknown): boolean {
  return error instanceof Error && error.name === 'NonDeterminismError';
}

function baseDelay({ delay, factor }: RetryPolicy, attempt: number, error: unknown): number {
  if (typeof delay === 'function') return finite(delay(attempt, error));
  if (typeof delay === 'number') return delay * factor ** (attempt - 1);
  return delay[Math.min(attempt, delay.length) - 1];
}

function finite(milliseconds: number): number {
  return Number.isFinite(milliseconds) ? milliseconds : DEFAULT_DELAY;
}
