import { describe, expect, it } from '@jest/globals';
import { fileNameOf, safeFileName } from './file-name.js';

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

describe(safeFileName.name, () => {
  it.each([
    ['survey.raw', 'survey.raw'],
    ['../../../../x.raw', 'x.raw'],
    ['/etc/passwd', 'passwd'],
    ['..\\..\\x.raw', 'x.raw'],
    ['a\0b.raw', 'a_b.raw'],
    ['.hidden', 'hidden'],
  ])('leaves nothing of a path in %j: %s', (given, name) => expect(safeFileName(given)).toBe(name));

  it.each(['..', '../', '/', '...', ''])('finds no name in %j', (given) => expect(safeFileName(given)).toBeUndefined());
});
