import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isStorableText, storableJson, storableText } from './storable-text.js';

describe('storableText', () => {
  it.each([
    ['NUL', 'a\0b\0', 'a\ufffdb\ufffd'],
    ['a lone high surrogate', 'a\ud83d', 'a\ufffd'],
    ['a lone low surrogate', '\ude00a', '\ufffda'],
    ['surrogates in the wrong order', '\ude00\ud83d', '\ufffd\ufffd'],
  ])('replaces %s', (_, text, expected) => expect(storableText(text)).toBe(expected));

  it.each(['', 'plain', 'tab\tline\n\u0001\u001f\u007f', '\u{1f600}', '\ufffd\uffff'])('leaves %p alone', (text) =>
    expect(storableText(text)).toBe(text),
  );

  it('gives text that UTF-8 can hold, of the same length, for any string', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)) }), (text) => {
        const stored = storableText(text);
        expect(Buffer.from(stored, 'utf8').toString('utf8')).toBe(stored);
        expect(stored).not.toContain('\0');
        expect(stored).toHaveLength(text.length);
      }),
    );
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
