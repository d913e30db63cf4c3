import { describe, expect, it } from '@jest/globals';
import type { OgcSchema } from '../processes/process-description.js';
import { alternativeFor, alternativesOf, schemaNamed } from './schema-alternatives.js';

const GEOMETRY: OgcSchema = {
  oneOf: [
    { type: 'string', contentMediaType: 'application/gml+xml; version=3.2' },
    { type: 'object', format: 'geojson-geometry' },
    { type: 'string', contentEncoding: 'base64', contentMediaType: 'image/tiff; application=geotiff' },
  ],
};

describe(alternativesOf.name, () => {
  it.each<[string, OgcSchema, string[]]>([
    ['a plain string', { type: 'string' }, ['text']],
    ['contentEncoding base64', { type: 'string', contentEncoding: 'base64' }, ['binary']],
    ['contentEncoding binary', { type: 'string', contentEncoding: 'binary' }, ['binary']],
    ['format byte', { type: 'string', format: 'byte' }, ['binary']],
    ['format binary', { type: 'string', format: 'binary' }, ['binary']],
    ['no type', {}, ['json']],
    ['a bounding box', { allOf: [{ format: 'ogc-bbox' }, { type: 'object' }] }, ['json']],
    ['branches', GEOMETRY, ['text', 'json', 'binary']],
    ['a type beside branches', { type: 'string', anyOf: [{ contentEncoding: 'base64' }, {}] }, ['binary', 'text']],
  ])('tells how %s travels', (_, schema, kinds) => {
    expect(alternativesOf(schema).map(({ kind }) => kind)).toEqual(kinds);
  });
});

describe(alternativeFor.name, () => {
  it.each<[string, string | undefined]>([
    ['application/gml+xml', 'text'],
    ['text/xml', 'text'],
    ['application/geo+json', 'json'],
    ['IMAGE/TIFF', 'binary'],
    ['application/octet-stream', 'binary'],
    ['image/png', undefined],
  ])('chooses by the media type %s', (mediaType, kind) => {
    expect(alternativeFor(GEOMETRY, mediaType)?.kind).toBe(kind);
  });

  it('takes any type where the schema names none, and plain text for numbers', () => {
    expect(alternativeFor({ type: 'string' }, 'text/csv')?.kind).toBe('text');
    expect(alternativeFor({ type: 'number' }, 'text/plain')?.kind).toBe('json');
    expect(alternativeFor({ type: 'object' }, 'text/plain')).toBeUndefined();
  });
});

describe(schemaNamed.name, () => {
  const GML = {
    type: 'string',
    contentMediaType: 'application/gml+xml',
    contentSchema: 'http://a.example/gml',
  } as const;
  const schema: OgcSchema = { title: 'A place', oneOf: [GML, { type: 'object', format: 'geojson-geometry' }] };

  it.each<[string, string | Record<string, unknown>, string[]]>([
    ['the URL of a contentSchema', 'http://a.example/gml', ['string']],
    ['an alternative as the description has it', { format: 'geojson-geometry', type: 'object' }, ['object']],
    ['the whole schema', { ...schema }, ['string', 'object']],
    ['an empty schema', {}, ['string', 'object']],
    ['another URL', 'http://a.example/other', []],
    ['another schema', { type: 'object' }, []],
  ])('keeps of a schema what %s names', (_, named, types) => {
    const found = schemaNamed(schema, named);
    expect(found === undefined ? [] : alternativesOf(found).map((alternative) => alternative.schema.type)).toEqual(
      types,
    );
  });

  it('is not harmed by a schema nested deeper than any stack', () => {
    const deep = JSON.parse('{"oneOf":['.repeat(50_000) + ']}'.repeat(50_000)) as Record<string, unknown>;
    expect(schemaNamed(schema, deep)).toBeUndefined();
  });
});
