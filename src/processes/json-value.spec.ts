import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Violation } from '../ogc/problems/domain-error.js';
import { toJsonValue } from './json-value.js';

function copy(value: unknown): { copied: unknown; violations: Violation[] } {
  const violations: Violation[] = [];
  return { copied: toJsonValue(value, '/outputs/result', violations), violations };
}

describe('toJsonValue', () => {
  it('copies every JSON value as it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const { copied, violations } = copy(value);
        expect(violations).toEqual([]);
        expect(JSON.stringify(copied)).toBe(JSON.stringify(value));
      }),
    );
  });

  it('honours toJSON, writes dates and leaves out undefined members', () => {
    const value = { url: new URL('http://example.org/'), at: new Date(0), gone: undefined };
    expect(copy(value).copied).toEqual({ url: 'http://example.org/', at: '1970-01-01T00:00:00.000Z' });
  });

  it('reports every fault with its pointer', () => {
    const { violations } = copy({ a: [NaN, undefined], 'b/c': 1n, d: { e: Symbol('f') }, g: new Float32Array(1) });
    expect(violations.map(({ pointer }) => pointer)).toEqual([
      '/outputs/result/a/0',
      '/outputs/result/a/1',
      '/outputs/result/b~1c',
      '/outputs/result/d/e',
      '/outputs/result/g',
    ]);
  });

  it('allows one object in two places, but not inside itself', () => {
    const shared = { x: 1 };
    expect(copy([shared, shared]).violations).toEqual([]);
    const loop: unknown[] = [];
    loop.push({ loop });
    expect(copy(loop).violations).toEqual([{ pointer: '/outputs/result/0/loop', detail: 'contains itself' }]);
  });

  it('ends at a depth that no reader has to follow', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level++) deep = [deep];
    expect(copy(deep).violations).toHaveLength(1);
  });

  it('keeps a member named __proto__ a member', () => {
    const { copied } = copy(JSON.parse('{"__proto__": {"polluted": true}}'));
    expect(JSON.stringify(copied)).toBe('{"__proto__":{"polluted":true}}');
    expect((copied as { polluted?: boolean }).polluted).toBeUndefined();
  });
});
