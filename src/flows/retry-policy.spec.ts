import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FailSignal, RetrySignal } from '../processes/flow-signals.js';
import { ProcessRejection } from '../processes/process-rejection.js';
import type { RetryPolicy } from '../processes/definition/policies.js';
import { clampedDelay } from './jitter.js';
import { NonDeterminismError } from './non-determinism.error.js';
import { retryOf } from './retry-policy.js';

const error = new Error('failed');
const policy = (given: Partial<RetryPolicy> = {}): RetryPolicy => ({
  attempts: 5,
  delay: 1_000,
  factor: 1,
  jitter: 0,
  maxDelay: Infinity,
  ...given,
});
const delays = (given: Partial<RetryPolicy>) =>
  [1, 2, 3, 4, 5].map((attempt) => retryOf(policy(given), attempt, error, () => 0));

describe('30: the delay of the next attempt', () => {
  it.each<[string, Partial<RetryPolicy>, (number | undefined)[]]>([
    ['is the same each time', {}, [1_000, 1_000, 1_000, 1_000, undefined]],
    ['grows by the factor', { factor: 3 }, [1_000, 3_000, 9_000, 27_000, undefined]],
    ['is one of a list, whose last repeats', { delay: [200, 5_000] }, [200, 5_000, 5_000, 5_000, undefined]],
    ['is what a function says', { delay: (attempt) => attempt * 150 }, [150, 300, 450, 600, undefined]],
    ['is not longer than maxDelay', { factor: 10, maxDelay: 5_000 }, [1_000, 5_000, 5_000, 5_000, undefined]],
    ['is not shorter than 100 ms', { delay: 1 }, [100, 100, 100, 100, undefined]],
  ])('%s', (_, given, expected) => {
    expect(delays(given)).toEqual(expected);
  });

  it('keeps floor and cap whatever the policy and the chance', () => {
    fc.assert(
      fc.property(
        fc.record({
          delay: fc.integer({ min: 0, max: 100_000 }),
          factor: fc.double({ min: 1, max: 10, noNaN: true }),
          jitter: fc.double({ min: 0, max: 3, noNaN: true }),
          maxDelay: fc.integer({ min: 100, max: 1_000_000 }),
        }),
        fc.integer({ min: 1, max: 99 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (given, attempt, random) => {
          const delay = retryOf(policy({ ...given, attempts: 100 }), attempt, error, () => random);
          expect(delay).toBeGreaterThanOrEqual(100);
          expect(delay).toBeLessThanOrEqual(given.maxDelay);
        },
      ),
    );
  });
});

describe('another attempt', () => {
  it('is not made without a policy, after the last one, or when retryIf says no', () => {
    expect(retryOf(undefined, 1, error)).toBeUndefined();
    expect(retryOf(policy({ attempts: 1 }), 1, error)).toBeUndefined();
    const retryIf = (thrown: unknown, attempt: number) => thrown === error && attempt < 2;
    expect(retryOf(policy({ retryIf }), 1, error)).toBe(1_000);
    expect(retryOf(policy({ retryIf }), 2, error)).toBeUndefined();
    expect(retryOf(policy({ retryIf }), 1, new Error('another'))).toBeUndefined();
  });

  it('does not mend inputs, unless retryIf says so', () => {
    const rejection = new ProcessRejection('Not a recording');
    expect(retryOf(policy(), 1, rejection)).toBeUndefined();
    expect(retryOf(policy({ retryIf: () => true }), 1, rejection)).toBe(1_000);
  });

  it('is not made when a function of the policy throws', () => {
    const broken = () => {
      throw new Error('broken');
    };
    expect(retryOf(policy({ retryIf: broken }), 1, error)).toBeUndefined();
    expect(retryOf(policy({ delay: broken }), 1, error)).toBeUndefined();
  });

  it('is what RetrySignal asks for, whatever retryIf says, up to the attempts of the policy or else 100', () => {
    const refusing = policy({ attempts: 3, retryIf: () => false });
    expect(retryOf(refusing, 2, new RetrySignal({ delay: '2s' }))).toBe(2_000);
    expect(retryOf(refusing, 2, new RetrySignal())).toBe(1_000);
    expect(retryOf(refusing, 3, new RetrySignal())).toBeUndefined();
    expect(retryOf(undefined, 99, new RetrySignal())).toBe(1_000);
    expect(retryOf(undefined, 100, new RetrySignal())).toBeUndefined();
  });

  it('is not made of a flow that has drifted', () => {
    const drift = NonDeterminismError.ofStep('a');
    expect(retryOf(policy({ retryIf: () => true }), 1, drift)).toBeUndefined();
  });

  it('is what FailSignal prevents', () => {
    expect(retryOf(policy({ retryIf: () => true }), 1, new FailSignal('no'))).toBeUndefined();
  });
});

describe('jitter', () => {
  const jitters = fc.double({ min: 0.01, max: 5, noNaN: true });

  it('stays between 0 and delay * (1 + jitter)', () => {
    const randoms = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(jitters, randoms, (jitter, random) => {
        const delay = clampedDelay(1_000, jitter, random);
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delay).toBeLessThanOrEqual(1_000 * (1 + jitter) + 1e-6);
      }),
    );
  });

  it('keeps the mean', () => {
    const samples = 4_000;
    fc.assert(
      fc.property(jitters, (jitter) => {
        let sum = 0;
        for (let index = 0; index < samples; index++) sum += clampedDelay(1_000, jitter, (index + 0.5) / samples);
        expect(Math.abs(sum / samples - 1_000)).toBeLessThan(5);
      }),
      { numRuns: 10 },
    );
  });

  it('spreads', () => {
    expect(clampedDelay(1_000, 0.3, 0)).toBeLessThan(800);
    expect(clampedDelay(1_000, 0.3, 0.999)).toBeGreaterThan(1_290);
  });
});
