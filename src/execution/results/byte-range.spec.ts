import { describe, expect, it } from '@jest/globals';
import { namesEntityTag, parseByteRange } from './byte-range.js';

describe(parseByteRange.name, () => {
  it.each([
    ['bytes=0-4', { start: 0, end: 5 }],
    ['bytes=5-', { start: 5, end: 10 }],
    ['bytes=-3', { start: 7, end: 10 }],
    ['bytes=-99', { start: 0, end: 10 }],
    ['BYTES = 8-99', { start: 8, end: 10 }],
    ['bytes=10-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=4-2', undefined],
    ['bytes=0-1,4-5', undefined],
    ['bytes=-', undefined],
    ['items=0-1', undefined],
    [undefined, undefined],
  ])('reads %s of ten bytes as %j (RFC 9110 section 14.1.2)', (header, expected) => {
    expect(parseByteRange(header, 10)).toEqual(expected);
  });

  it('finds nothing to serve in an empty file', () => {
    expect(parseByteRange('bytes=0-', 0)).toBe('unsatisfiable');
  });
});

describe(namesEntityTag.name, () => {
  it.each([
    ['"a"', true],
    ['W/"a", "b"', true],
    ['*', true],
    ['"b"', false],
    [undefined, false],
  ])('compares %s with "a"', (header, expected) => {
    expect(namesEntityTag(header, '"a"')).toBe(expected);
  });
});
