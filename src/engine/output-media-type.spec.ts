import { describe, expect, it } from '@jest/globals';
import { fileMediaType, valueContent, valueMediaType } from './output-media-type.js';

const text = { schema: { type: 'string' as const, contentMediaType: 'text/plain' } };
const plain = { schema: { type: 'string' as const } };

describe('media types of outputs', () => {
  it('takes the declared type, and JSON for values without one, strings included', () => {
    expect(valueMediaType('hi', text)).toBe('text/plain');
    expect(valueMediaType('hi', plain)).toBe('application/json');
    expect(valueMediaType('hi', undefined)).toBe('application/json');
  });

  it('takes the type of the first alternative that fits the value', () => {
    const geometry = { type: 'object' as const, contentMediaType: 'application/geo+json' };
    const png = { type: 'string' as const, contentMediaType: 'image/png', contentEncoding: 'base64' };
    for (const schema of [{ oneOf: [png, geometry] }, { anyOf: [geometry, png] }]) {
      expect(valueMediaType({ type: 'Point' }, { schema })).toBe('application/geo+json');
      expect(valueMediaType('aGk=', { schema })).toBe('image/png');
      expect(valueContent('aGk=', '"aGk="', { schema })).toEqual(Buffer.from('hi'));
      expect(valueMediaType([1], { schema })).toBe('application/json');
    }
    expect(valueMediaType(7, { schema: { oneOf: [geometry, { type: 'integer' }] } })).toBe('application/json');
  });

  it('takes JSON for null, where the declared type cannot say it', () => {
    expect(valueMediaType(null, { schema: { ...text.schema, nullable: true } })).toBe('application/json');
    const geometry = { type: 'object' as const, contentMediaType: 'application/geo+json', nullable: true };
    expect(valueMediaType(null, { schema: geometry })).toBe('application/geo+json');
  });

  it.each([{ contentEncoding: 'Base64' }, { contentEncoding: 'binary' }, { format: 'byte' }, { format: 'binary' }])(
    'decodes the base64 of a binary value, which is declared as %j',
    (declared) => {
      const schema = { type: 'string' as const, contentMediaType: 'image/png', ...declared };
      expect(valueContent('aGk=', '"aGk="', { schema })).toEqual(Buffer.from('hi'));
    },
  );

  it('lets a written output name its own type', () => {
    expect(fileMediaType('image/png', text)).toBe('image/png');
    expect(fileMediaType(undefined, text)).toBe('text/plain');
    expect(fileMediaType(undefined, plain)).toBe('application/octet-stream');
  });

  it('represents a value by its own bytes', () => {
    const binary = { schema: { type: 'string' as const, contentMediaType: 'image/png', contentEncoding: 'base64' } };
    expect(valueContent('hi', '"hi"', text)).toBe('hi');
    expect(valueContent('hi', '"hi"', plain)).toBe('"hi"');
    expect(valueContent({ a: 1 }, '{"a":1}', text)).toBe('{"a":1}');
    expect(valueContent('aGk=', '"aGk="', binary)).toEqual(Buffer.from('hi'));
    const binaryJson = { schema: { ...binary.schema, contentMediaType: 'model/gltf+json' } };
    expect(valueContent('e30=', '"e30="', binaryJson)).toEqual(Buffer.from('{}'));
    const json = { schema: { type: 'string' as const, contentMediaType: 'text/json' } };
    expect(valueContent('hi', '"hi"', json)).toBe('"hi"');
  });
});
