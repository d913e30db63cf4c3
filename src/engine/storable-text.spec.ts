import { describe, expect, it } from '@jest/globals';
import { isStorableJson, storableJson, storableText } from './storable-text.js';

describe('storableText', () => {
  it('replaces NUL and lone surrogates, and keeps pairs', () => {
    expect(storableText('a\u0000b\ud800c\udc00 🐟', 100)).toBe('a\ufffdb\ufffdc\ufffd 🐟');
  });

  it('cuts long text, also within a pair', () => {
    expect(storableText('abcdefghij', 8)).toBe('abcd ...');
    expect(storableText('abc🐟abcdef', 8)).toBe('abc\ufffd ...');
  });
});

describe('JSON for a jsonb column', () => {
  it.each([
    ['a\u0000b', false],
    ['\ud83d', false],
    ['\udc1f', false],
    ['🐟', true],
    ['\u001f', true],
    ['\\u0000', true],
    ['\\\u0000', false],
    ['\\\\ud800', true],
  ])('knows whether %j can be stored: %s', (text, storable) => {
    for (const value of [text, [text], { [text]: 1 }]) {
      const json = JSON.stringify(value);
      expect(isStorableJson(json)).toBe(storable);
      expect(isStorableJson(storableJson(json))).toBe(true);
      if (storable) expect(storableJson(json)).toBe(json);
    }
  });
});
