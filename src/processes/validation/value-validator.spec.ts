import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { InputFile } from '../input-file.js';
import type { OgcSchema } from '../process-description.js';
import { ValueValidators } from './value-validator.js';

const inputs = new ValueValidators('inputs');

function check(schema: OgcSchema, value: unknown): string[] {
  return inputs
    .compile(schema)
    .validate(value, '/v')
    .map(({ pointer, detail }) => `${pointer} ${detail}`);
}

const square = [[0, 0], [1, 0], [1, 1], [0, 0]]; // prettier-ignore

describe('validation of values', () => {
  it.each<[OgcSchema, unknown, string]>([
    [{ type: 'string' }, 5, '/v Expected a string, got the number 5.'],
    [{ type: 'integer' }, 1.5, '/v Expected an integer, got the number 1.5.'],
    [{ type: 'string', enum: ['a', 'b'] }, 'c', '/v Expected one of "a", "b", got the string "c".'],
    [
      { type: 'number', minimum: 0, exclusiveMinimum: true },
      0,
      '/v Expected a number greater than 0, got the number 0.',
    ],
    [{ type: 'string', minLength: 1 }, '', '/v Expected at least 1 character, got the string "".'],
    [{ type: 'array', maxItems: 1 }, [1, 2], '/v Expected at most 1 item, got an array of 2.'],
    [{ type: 'object', required: ['a/b'] }, {}, '/v/a~1b This member is required.'],
    [
      { type: 'object', properties: { a: {} }, additionalProperties: false },
      { 'x~y': 1 },
      '/v/x~0y This member is not known here. Known are a.',
    ],
    [{ type: 'string', format: 'date-time' }, '2026', '/v Expected a date and time with a time zone, such as'],
    [{ type: 'number' }, Infinity, '/v Expected a number, got'],
    [{ type: 'string' }, null, '/v Expected a string, got null.'],
    [{ type: 'string', nullable: true }, 1, '/v Expected a string or null, got the number 1.'],
    [{ oneOf: [{ type: 'string' }, { type: 'object' }] }, 5, '/v Expected a string or an object, got the number 5.'],
    [
      { oneOf: [{ type: 'number' }, { type: 'integer' }] },
      5,
      '/v Expected exactly one of the alternatives to fit (2 fit)',
    ],
  ])('explains what %j expects of %j', (schema, value, violation) => {
    const found = check(schema, value);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(violation);
  });

  it('lets null pass where the schema is nullable', () => {
    expect(check({ type: 'string', enum: ['a'], nullable: true }, null)).toEqual([]);
  });

  it('lists all violations at once', () => {
    const schema: OgcSchema = {
      type: 'object',
      properties: { a: { type: 'string' }, b: { type: 'integer', minimum: 1 } },
    };
    expect(check(schema, { a: 1, b: 0 })).toHaveLength(2);
  });

  it('reports only the alternative the value was meant for', () => {
    const kind = (name: string, member: OgcSchema): OgcSchema => ({
      type: 'object',
      required: ['kind', 'size'],
      properties: { kind: { type: 'string', enum: [name] }, size: member },
    });
    const schema: OgcSchema = {
      oneOf: [{ type: 'string' }, kind('circle', { type: 'number' }), kind('word', { type: 'string' })],
    };
    expect(check(schema, { kind: 'circle', size: 'big' })).toEqual([
      '/v/size Expected a number, got the string "big".',
    ]);
  });

  it('gives huge values their first violation only, and bounded time to the rest', () => {
    const many = new Array<number>(200_000).fill(1);
    expect(check({ type: 'array', items: { type: 'string' } }, many)).toEqual([
      '/v/0 Expected a string, got the number 1.',
    ]);
  });

  it('answers hostile nesting with a violation instead of running out of stack', () => {
    const deep = JSON.parse('['.repeat(200_000) + ']'.repeat(200_000)) as unknown;
    expect(check({ type: 'array' }, deep)).toEqual([expect.stringMatching(/nested at most 100 levels/)]);
  });

  it('fills in defaults of members', () => {
    const value: Record<string, unknown> = {};
    expect(check({ type: 'object', properties: { a: { type: 'integer', default: 3 } } }, value)).toEqual([]);
    expect(value).toEqual({ a: 3 });
  });

  it('leaves Object.prototype alone whatever a client sends', () => {
    const value = JSON.parse(
      '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
    ) as unknown;
    check({ type: 'object', properties: { a: { default: 1 } } }, value);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('agrees with the types of any JSON value', () => {
    const schema: OgcSchema = {
      anyOf: ['array', 'boolean', 'number', 'object', 'string'].map((type) => ({ type }) as OgcSchema),
      nullable: true,
    };
    fc.assert(fc.property(fc.jsonValue(), (value) => check(schema, value).length === 0));
    fc.assert(
      fc.property(fc.jsonValue(), (value) => check({ ...schema, not: schema }, value).length > 0 || value === null),
    );
  });
});

describe('binary inputs', () => {
  const file = new InputFile('/nowhere', 1, 'image/png');
  const binary: OgcSchema = { type: 'string', format: 'byte', contentEncoding: 'base64' };

  it('are files', () => {
    expect(check(binary, file)).toEqual([]);
    expect(check({ oneOf: [{ type: 'object' }, binary] }, file)).toEqual([]);
  });

  it('are not JSON values', () => {
    expect(check(binary, 5)).toEqual(['/v Expected a file (base64 text or a reference), got the number 5.']);
    expect(check({ oneOf: [{ type: 'object' }, binary] }, { a: 1 })).toEqual([]);
    expect(check({ oneOf: [{ type: 'object' }, binary] }, 5)).toEqual([
      '/v Expected an object or a file (base64 text or a reference), got the number 5.',
    ]);
  });

  it('are refused where a JSON value is expected', () => {
    expect(check({ type: 'object' }, file)).toEqual(['/v Expected an object, got a file.']);
  });

  it('may be null in outputs that are nullable, and in no other', () => {
    const nullable = new ValueValidators('outputs').compile({ ...binary, nullable: true });
    expect([null, 'aGk='].map((value) => nullable.validate(value, '/o'))).toEqual([[], []]);
    expect(nullable.validate('not base64!', '/o')).toHaveLength(1);
    expect(new ValueValidators('outputs').compile(binary).validate(null, '/o')).toHaveLength(1);
  });

  it('are base64 text in outputs', () => {
    const output = new ValueValidators('outputs').compile(binary);
    expect(output.validate('aGk=', '/o')).toEqual([]);
    expect(output.validate('', '/o')).toEqual([]);
    expect(output.validate('not base64!', '/o')).toEqual([
      { pointer: '/o', detail: 'Expected base64 text, got the string "not base64!".' },
    ]);
    expect(output.validate(5, '/o')).toEqual([{ pointer: '/o', detail: 'Expected a string, got the number 5.' }]);
  });

  it('may be any text in outputs that take text as well', () => {
    const either: OgcSchema = { anyOf: [binary, { type: 'string' }] };
    expect(new ValueValidators('outputs').compile(either).validate('not base64!', '/o')).toEqual([]);
  });
});

describe('OGC formats', () => {
  const uri = 'http://www.opengis.net/def/format/ogcapi-processes/0/';

  it.each(['geojson-geometry', `${uri}geojson-geometry`])('%s is checked by the rules of RFC 7946', (format) => {
    const schema: OgcSchema = { type: 'object', format };
    expect(check(schema, { type: 'Point', coordinates: [1, 2] })).toEqual([]);
    expect(check(schema, { type: 'Polygon', coordinates: [square] })).toEqual([]);
    expect(check(schema, { type: 'Point', coordinates: [1] })).toEqual([
      expect.stringContaining('/v/coordinates Expected a position'),
    ]);
    expect(check(schema, { type: 'LineString', coordinates: [[1, 2]] })).toEqual([
      expect.stringContaining('two positions'),
    ]);
    expect(check(schema, { type: 'MultiPolygon', coordinates: [[square.slice(0, 3)]] })).toEqual([
      expect.stringContaining('/v/coordinates/0/0 Expected a ring of at least four'),
    ]);
    expect(
      check(schema, {
        type: 'Polygon',
        coordinates: [
          [
            [0, 0],
            [1, 0],
            [1, 1],
            ['0', 0],
          ],
        ],
      }),
    ).toEqual([
      // prettier-ignore
      expect.stringContaining('/v/coordinates/0/3'),
    ]);
    expect(check(schema, { type: 'Circle' })).toEqual([expect.stringContaining('/v/type Expected one of Point')]);
    expect(check(schema, { type: 'GeometryCollection', geometries: [{ type: 'Point', coordinates: 'x' }] })).toEqual([
      expect.stringContaining('/v/geometries/0/coordinates'),
    ]);
  });

  it('features need properties and a geometry, either of which may be null', () => {
    const schema: OgcSchema = { type: 'object', format: 'geojson-feature' };
    expect(check(schema, { type: 'Feature', geometry: null, properties: null })).toEqual([]);
    expect(check(schema, { type: 'Feature' })).toHaveLength(2);
  });

  it('a collection reports at most a handful of faults', () => {
    const schema: OgcSchema = { type: 'object', format: 'geojson-feature-collection' };
    const found = check(schema, { type: 'FeatureCollection', features: new Array(1_000).fill(5) });
    expect(found.length).toBeGreaterThan(1);
    expect(found.length).toBeLessThanOrEqual(20);
  });

  it.each(['ogc-bbox', `${uri}ogc-bbox`])('%s takes four or six numbers and the URI of a CRS', (format) => {
    const schema: OgcSchema = { format };
    expect(check(schema, { bbox: [1, 2, 3, 4] })).toEqual([]);
    expect(
      check(schema, { bbox: [170, -10, 0, -170, 10, 5], crs: 'http://www.opengis.net/def/crs/OGC/0/CRS84h' }),
    ).toEqual([]);
    expect(check(schema, { bbox: [1, 2, 3] })).toEqual([expect.stringContaining('/v/bbox')]);
    expect(check(schema, { bbox: [1, 4, 3, 2] })).toEqual([expect.stringContaining('/v/bbox/1')]);
    expect(check(schema, { bbox: [1, 2, 3, 4], crs: 'nowhere' })).toEqual([expect.stringContaining('/v/crs')]);
    expect(check(schema, 'box')).toHaveLength(1);
  });
});
