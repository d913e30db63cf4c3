import { describe, expect, it } from '@jest/globals';
import { fileNameOf } from './file-name.js';

describe(fileNameOf.name, () => {
  it.each([
    ['https://a.example/data/DY1201-D2012.raw', 'DY1201-D2012.raw'],
    ['https://a.example/data/a%20b.raw?version=2#x', 'a b.raw'],
    ['https://a.example/data/%E6%B5%B7.raw', '海.raw'],
    ['https://a.example/a%2F..%2F..%2Fetc%2Fpasswd', 'a_.._.._etc_passwd'],
    ['https://a.example/%2e%2e%5c..%5cx', '_.._x'],
    ['https://a.example/.hidden', 'hidden'],
    ['https://a.example/a%00b%0a.raw', 'a_b_.raw'],
    ['https://a.example/%zz.raw', '_zz.raw'],
  ])('takes the name from %s: %s', (href, name) => expect(fileNameOf(href)).toBe(name));

  it.each(['https://a.example/', 'https://a.example', 'https://a.example/data/', 'https://a.example/%2e%2e%2e', 'x'])(
    'finds none in %s',
    (href) => expect(fileNameOf(href)).toBeUndefined(),
  );

  it('keeps 100 characters at most', () => {
    expect(fileNameOf(`https://a.example/${'x'.repeat(5_000)}`)).toBe('x'.repeat(100));
  });
});
