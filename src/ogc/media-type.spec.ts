import { describe, expect, it } from '@jest/globals';
import { isJsonType, isMediaType } from './media-type.js';

describe('isMediaType', () => {
  it.each([
    'text/plain',
    'text/plain;charset=utf-8',
    'image/tiff; application=geotiff; profile=cloud-optimized',
    'application/problem+json ; title="a \\"b\\"; c"',
    'text/plain;',
    `x/${'y'.repeat(253)}`,
  ])('RFC 9110, 8.3.1: accepts %j', (text) => expect(isMediaType(text)).toBe(true));

  it.each([
    '',
    'text',
    'text/',
    'text/plain\n',
    'text/plain\r\n;a=b',
    'text/plain; a="b\r\nSet-Cookie: c"',
    'text/pl\u0000ain',
    'text/plain; a="\u0000"',
    'text/plain; a=b c',
    'text/é',
    `x/${'y'.repeat(254)}`,
    `x/y${' ;'.repeat(120)}\n`,
    5,
    null,
  ])('refuses %j', (value) => expect(isMediaType(value)).toBe(false));
});

describe('isJsonType', () => {
  it.each([
    ['application/json', true],
    ['Text/JSON', true],
    ['application/geo+json', true],
    ['model/gltf+json', true],
    ['application/json; charset=utf-8', true],
    ['application/jsonlines', false],
    ['text/plain', false],
  ])('of %s is %s', (mediaType, json) => expect(isJsonType(mediaType)).toBe(json));
});
