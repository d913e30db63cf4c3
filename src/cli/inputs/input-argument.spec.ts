import { describe, expect, it } from '@jest/globals';
import { UsageError } from '../cli-error.js';
import { parseInputArgument } from './input-argument.js';

describe('parseInputArgument', () => {
  it.each([
    ['name=Ada', { key: 'name', form: 'text', text: 'Ada' }],
    ['name=', { key: 'name', form: 'text', text: '' }],
    ['formula=a=b', { key: 'formula', form: 'text', text: 'a=b' }],
    ['url=http://example.org?a:=1', { key: 'url', form: 'text', text: 'http://example.org?a:=1' }],
    ['box:=[1,2]', { key: 'box', form: 'json', text: '[1,2]' }],
    ['file=@dir/a.tif', { key: 'file', form: 'file', path: 'dir/a.tif' }],
    ['file=@a;b.tif;type=image/tiff', { key: 'file', form: 'file', path: 'a;b.tif', mediaType: 'image/tiff' }],
    ['file=@-', { key: 'file', form: 'file', path: '-' }],
    ['file=@block:s3/data/a.raw', { key: 'file', form: 'reference', href: 'block:s3/data/a.raw' }],
    ['file=@s3://bucket/a', { key: 'file', form: 'reference', href: 's3://bucket/a' }],
    ['file=@upload:5', { key: 'file', form: 'reference', href: 'upload:5' }],
    ['file=@./block:a', { key: 'file', form: 'file', path: './block:a' }],
    ['file=@https://example.org/a', { key: 'file', form: 'reference', href: 'https://example.org/a' }],
    [
      'file=@http://example.org/a;type=image/tiff',
      { key: 'file', form: 'reference', href: 'http://example.org/a', mediaType: 'image/tiff' },
    ],
  ])('reads %s', (argument, expected) => {
    expect(parseInputArgument(argument)).toEqual(expected);
  });

  it.each(['name', '=x', ':=1', '', 'file=@'])('refuses "%s"', (argument) => {
    expect(() => parseInputArgument(argument)).toThrow(UsageError);
  });
});
