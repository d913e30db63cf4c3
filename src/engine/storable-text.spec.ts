import { describe, expect, it } from '@jest/globals';
import { isStorableText, storableJson, storableText } from './storable-text.js';

describe('storableText', () => {
  it('replaces NUL and lone surrogates, and keeps pairs', () => {
    expect(storableText('a\u0000b\ud800c\udc00 🐟', 100)).toBe('a\ufffdb\ufffdc\ufffd 🐟');
  });

  it('cuts long text, also within a pair', () => {
    expect(storableText('abcdefghij', 8)).toBe('abcd ...');
    expect(storableText('abc🐟abcdef', 8)).toBe('abc\ufffd ...');
  });
});

describe('storableJson', () => {
  it.each([
    ['a\u0000b', false],
    ['\ud83d', false],
    ['\udc1f', false],
    ['🐟', true],
    ['\u001f', true],
    ['\\u0000', true],
    ['\\\u0000', false],
    ['\\\\ud800', true],
  ])('replaces in %j only what cannot be stored (nothing: %s)', (text, storable) => {
    expect(isStorableText(text)).toBe(storable);
    for (const value of [text, [text], { [text]: 1 }]) {
      const json = JSON.stringify(value);
      expect(JSON.parse(storableJson(json))).toEqual(
        JSON.parse(json.replaceAll(JSON.stringify(text), () => JSON.stringify(storableText(text, 100)))),
      );
      if (storable) expect(storableJson(json)).toBe(json);
    }
  });
});
