import { describe, expect, it } from '@jest/globals';
import { type FailedAttempt, retryDelay } from './retry-delay.js';

const LIMITS = { CALLBACK_ATTEMPTS: 20, CALLBACK_MAX_AGE: 86_400_000 };
const FAILED: FailedAttempt = { attempts: 1, age: 0, makesWay: false, status: 500 };
const delayOf = (members: Partial<FailedAttempt>, random = 1) => retryDelay({ ...FAILED, ...members }, LIMITS, random);

describe(retryDelay.name, () => {
  it('doubles up to an hour', () => {
    expect([1, 2, 3, 10, 12, 13, 19].map((attempts) => delayOf({ attempts }))).toEqual([
      ...[1_000, 2_000, 4_000, 512_000, 2_048_000, 3_600_000, 3_600_000],
    ]);
  });

  it('spreads calls over half of the time', () => {
    expect([0, 0.5, 1].map((random) => delayOf({ attempts: 3 }, random))).toEqual([2_000, 3_000, 4_000]);
  });

  it.each([
    ['the last attempt', { attempts: 20 }],
    ['an age that the next attempt would exceed', { age: 86_399_500 }],
    ['410 Gone', { status: 410 }],
    ['a refused address', { status: undefined, fault: 'address' as const }],
    ['a failure of a call that makes way', { makesWay: true }],
  ])('gives up after %s', (_, members) => expect(delayOf(members)).toBeUndefined());

  it.each([
    ['a refusal', { status: 403 }],
    ['a redirect', { status: 302 }],
    ['no answer in time', { status: undefined, fault: 'timeout' as const }],
    ['an unknown host', { status: undefined, fault: 'host-not-found' as const }],
  ])('tries again after %s', (_, members) => expect(delayOf(members)).toBeGreaterThan(0));
});
