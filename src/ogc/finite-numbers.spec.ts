import { describe, expect, it } from '@jest/globals';
import { nonFiniteNumber } from './finite-numbers.js';

describe(nonFiniteNumber.name, () => {
  it.each([
    ['1e400', ''],
    ['-1e400', ''],
    ['[1, [2, 1e309]]', '/1/1'],
    ['{"a/b": {"~": [{"c": -9e999}]}}', '/a~1b/~0/0/c'],
    [`{"a": ${'9'.repeat(400)}}`, '/a'],
  ])('finds the one in %s', (text, pointer) => expect(nonFiniteNumber(JSON.parse(text))).toBe(pointer));

  it.each(['1e308', 'null', '"1e400"', '{"a": [1.5, -0, true, null, "Infinity", {}]}', '[]'])(
    'finds none in %s',
    (text) => expect(nonFiniteNumber(JSON.parse(text))).toBeUndefined(),
  );

  it('looks as deep as JSON can be', () => {
    const deep = (inner: string) => JSON.parse('['.repeat(50_000) + inner + ']'.repeat(50_000)) as unknown;
    expect(nonFiniteNumber(deep('1'))).toBeUndefined();
    expect(nonFiniteNumber(deep('1e400'))).toBe('/0'.repeat(50_000));
  });
});
