import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { InputFile } from '../processes/input-file.js';
import { canonicalDigest as digest } from '../processes/canonical-digest.js';
import { inputHash } from './input-hash.js';

describe('inputHash', () => {
  it('is sha256 of the canonical JSON of name and arguments', () => {
    const canonical = '{"arguments":[{"a":1,"b":[true,null]}],"name":"search"}';
    const expected = createHash('sha256').update(canonical).digest('hex');
    expect(inputHash('search', [{ b: [true, null], a: 1 }])).toBe(expected);
  });

  it('does not depend on the order of members', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const turned = Object.fromEntries(Object.entries(value).reverse());
        expect(inputHash('x', [turned])).toBe(inputHash('x', [value]));
      }),
    );
  });

  it('tells different JSON apart', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (left, right) => {
        const same = JSON.stringify(sorted(left)) === JSON.stringify(sorted(right));
        expect(inputHash('x', [left]) === inputHash('x', [right])).toBe(same);
      }),
      {
        examples: [
          [{}, []],
          [{ a: [] }, { a: {} }],
          [-0, 0],
          [null, 'null'],
        ],
      },
    );
  });

  it('counts a file as its size and media type, wherever it lies', () => {
    const file = (path: string, size = 3) => new InputFile(path, size, 'text/csv');
    expect(inputHash('x', [file('/a'), [file('/b')]])).toBe(inputHash('x', [file('/c'), [file('/d')]]));
    expect(inputHash('x', [{ file: file('/a') }])).toBe(inputHash('x', [{ file: file('/c') }]));
    expect(inputHash('x', [file('/a')])).not.toBe(inputHash('x', [file('/a', 4)]));
  });

  it('leaves arguments out that are undefined at the end', () => {
    expect(inputHash('x', [1, undefined])).toBe(inputHash('x', [1]));
    expect(inputHash('x', [undefined, 1])).not.toBe(inputHash('x', [1]));
  });

  it.each([
    ['a function', () => 1, 'is a function'],
    ['NaN', NaN, 'is NaN'],
    ['a map', new Map(), 'is a Map'],
  ])('refuses %s with its place', (_, value, said) => {
    expect(() => inputHash('search', [1, { deep: value }])).toThrow(
      new RegExp(`"search" is called with something that cannot be remembered: argument 1/deep ${said}`),
    );
  });

  it('takes lone surrogates, which RFC 8785 has no form for', () => {
    expect(digest('\ud800')).not.toBe(digest('\ud801'));
    expect(digest({ '\ud800': 1 })).toMatch(/^[0-9a-f]{64}$/);
  });
});

/** The value as a list that does not depend on the order of members; an object never looks like a list of its members. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return ['list', ...value.map(sorted)];
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? 0 : value;
  const members = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return ['object', ...members.map(([key, member]) => [key, sorted(member)])];
}
