import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeBase64, isBase64, NotBase64 } from './base64.js';

const decode = (text: string): Buffer => Buffer.concat([...decodeBase64(text)]);

describe(decodeBase64.name, () => {
  it('gives back every sequence of bytes, in both alphabets, with blanks between', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.constantFrom<BufferEncoding[]>('base64', 'base64url'),
        (bytes, alphabet) => {
          const text = Buffer.from(bytes).toString(alphabet);
          expect(decode(text)).toEqual(Buffer.from(bytes));
          expect(isBase64(text)).toBe(true);
          expect(decode(text.replace(/(.{5})/g, '$1\r\n '))).toEqual(Buffer.from(bytes));
        },
      ),
    );
  });

  it('decodes across the boundaries of its pieces', () => {
    const bytes = Buffer.alloc(3 * 1024 * 1024 + 1, 0xa7);
    const text = bytes.toString('base64');
    expect(decode(text).equals(bytes)).toBe(true);
    // One blank in front shifts every boundary, also the one between the two padding characters.
    for (const shift of [1, 2, 3]) {
      const tail = ' '.repeat((1 << 20) - (text.length % (1 << 20)) + shift);
      expect(decode(tail + text).equals(bytes)).toBe(true);
    }
  });

  it.each([
    '*',
    'a',
    'abcde',
    'ab=',
    'abc==',
    'abcd=',
    'a===',
    '====',
    'Zg==Zg==',
    'Zg==\nZg==',
    'Zg=',
    'data:;base64,Zg==',
    'é',
  ])('refuses %j', (text) => {
    expect(() => decode(text)).toThrow(NotBase64);
    expect(isBase64(text)).toBe(false);
  });

  it('refuses text after padding in an earlier piece', () => {
    expect(() => decode(`Zg==${' '.repeat(1 << 20)}Zg==`)).toThrow(NotBase64);
  });
});
