import { describe, expect, it } from '@jest/globals';
import { hasDirective } from './cache-control.js';

describe(hasDirective.name, () => {
  it.each([
    ['no-cache', true],
    ['max-age=0, No-Cache', true],
    ['no-cache="x"', true],
    ['no-store', false],
    ['x-no-cache', false],
    ['', false],
    [undefined, false],
  ])('reads %j', (header, expected) => {
    expect(hasDirective(header, 'no-cache')).toBe(expected);
  });
});
