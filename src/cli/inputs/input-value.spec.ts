import { describe, expect, it } from '@jest/globals';
import type { Schema } from '../client/ogc-documents.js';
import { parseValue, UnfitValue } from './input-value.js';

const MIXED: Schema = { oneOf: [{ type: 'string' }, { type: 'object' }] };
const BBOX: Schema = { allOf: [{ format: 'ogc-bbox' }, { type: 'object' }] };

describe('parseValue', () => {
  it.each<[string, Schema | undefined, unknown]>([
    ['8', { type: 'integer' }, 8],
    ['8', { type: 'string' }, '8'],
    ['-1.5e3', { type: 'number' }, -1500],
    ['true', { type: 'boolean' }, true],
    ['true', { type: 'string' }, 'true'],
    ['2', { type: 'string', enum: ['1', '2'] }, '2'],
    ['2', { enum: [1, 2] }, 2],
    ['null', { type: 'string', nullable: true }, null],
    ['null', { type: 'string' }, 'null'],
    ['{"a":1}', MIXED, { a: 1 }],
    ['{a', MIXED, '{a'],
    ['1,2,3', { type: 'array', items: { type: 'integer' } }, [1, 2, 3]],
    ['[1,2]', { type: 'array', items: { type: 'integer' } }, [1, 2]],
    ['a, b', { type: 'array', items: { type: 'string' } }, ['a', 'b']],
    ['5,47,6,48', BBOX, { bbox: [5, 47, 6, 48] }],
    ['5,47,0,6,48,9', BBOX, { bbox: [5, 47, 0, 6, 48, 9] }],
    ['{"bbox":[1,2,3,4],"crs":"urn:x"}', BBOX, { bbox: [1, 2, 3, 4], crs: 'urn:x' }],
    ['4', { type: ['number', 'null'] }, 4],
    ['4', undefined, 4],
    ['hello', undefined, 'hello'],
  ])('reads %s by %j', (text, schema, expected) => {
    expect(parseValue(text, schema)).toEqual(expected);
  });

  it.each<[string, Schema]>([
    ['abc', { type: 'number' }],
    ['1.5', { type: 'integer' }],
    ['yes', { type: 'boolean' }],
    ['{a', { type: 'object' }],
    ['1,2,3', BBOX],
    ['1,x', { type: 'array', items: { type: 'integer' } }],
  ])('refuses %s for %j', (text, schema) => {
    expect(() => parseValue(text, schema)).toThrow(UnfitValue);
  });

  it('refuses a number it would have to round, rather than send another one', () => {
    expect(() => parseValue('9007199254740993', { type: 'integer' })).toThrow(/too large/);
  });
});
