import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { wellFormedText } from './well-formed-text.js';

describe('wellFormedText', () => {
  it.each([
    ['NUL', 'a\0b\0', 'a\ufffdb\ufffd'],
    ['a lone high surrogate', 'a\ud83d', 'a\ufffd'],
    ['a lone low surrogate', '\ude00a', '\ufffda'],
    ['surrogates in the wrong order', '\ude00\ud83d', '\ufffd\ufffd'],
  ])('replaces %s', (_, text, expected) => expect(wellFormedText(text)).toBe(expected));

  it.each(['', 'plain', 'tab\tline\n\u0001\u001f\u007f', '\u{1f600}', '\ufffd\uffff'])('leaves %p alone', (text) =>
    expect(wellFormedText(text)).toBe(text),
  );

  it('gives text that UTF-8 can hold, of the same length, for any string', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)) }), (text) => {
        const stored = wellFormedText(text);
        expect(Buffer.from(stored, 'utf8').toString('utf8')).toBe(stored);
        expect(stored).not.toContain('\0');
        expect(stored).toHaveLength(text.length);
      }),
    );
  });
});
