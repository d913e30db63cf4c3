import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseIdempotencyKey, requestDigest, type RequestIdentity } from './idempotency.js';

const REQUEST: RequestIdentity = {
  method: 'POST',
  processId: 'p',
  body: { inputs: { a: [1, { b: 2 }] } },
};

describe(parseIdempotencyKey.name, () => {
  it('takes 1 to 255 visible ASCII characters', () => {
    expect(parseIdempotencyKey(undefined)).toBeUndefined();
    for (const key of ['x', '"8e03978e-40d5-43dd-bc93-6894a57f9324"', '~'.repeat(255)]) {
      expect(parseIdempotencyKey(key)).toBe(key);
    }
  });

  it.each(['', 'a b', 'ä', '~'.repeat(256), 'a, b', '\t'])('refuses %j', (key) => {
    expect(() => parseIdempotencyKey(key)).toThrow(expect.objectContaining({ code: 'bad-request' }));
  });

  it('refuses several keys', () => {
    expect(() => parseIdempotencyKey(['a', 'b'])).toThrow(expect.objectContaining({ code: 'bad-request' }));
  });
});

describe(requestDigest.name, () => {
  const reversed = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(reversed);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .map(([key, member]) => [key, reversed(member)])
        .reverse(),
    );
  };

  it('does not depend on the order of members', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (body) => {
        expect(requestDigest({ ...REQUEST, body: reversed(body) })).toBe(requestDigest({ ...REQUEST, body }));
      }),
    );
  });

  it.each<[string, Partial<RequestIdentity>]>([
    ['another process', { processId: 'q' }],
    ['another method', { method: 'GET' }],
    ['another value', { body: { inputs: { a: [1, { b: 3 }] } } }],
    ['another order of values', { body: { inputs: { a: [{ b: 2 }, 1] } } }],
  ])('differs for %s', (_, change) => {
    expect(requestDigest({ ...REQUEST, ...change })).not.toBe(requestDigest(REQUEST));
  });

  it('counts no body as an empty one, as the execution does', () => {
    expect(requestDigest({ ...REQUEST, body: undefined })).toBe(requestDigest({ ...REQUEST, body: {} }));
  });

  it('refuses a body that is nested too deep, at any depth', () => {
    for (const depth of [300, 200_000]) {
      const body: unknown = JSON.parse('['.repeat(depth) + ']'.repeat(depth));
      expect(() => requestDigest({ ...REQUEST, body })).toThrow(expect.objectContaining({ code: 'invalid-parameter' }));
    }
  });
});
