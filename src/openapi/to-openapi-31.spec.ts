import { describe, expect, it } from '@jest/globals';
import { toOpenApi31, toSchema31 } from './to-openapi-31.js';

describe(toSchema31.name, () => {
  it.each<[string, object, object]>([
    ['nullable', { type: 'string', nullable: true }, { type: ['string', 'null'] }],
    [
      'nullable with an enumeration',
      { type: 'string', nullable: true, enum: ['a'] },
      { type: ['string', 'null'], enum: ['a', null] },
    ],
    ['nullable: false', { type: 'string', nullable: false }, { type: 'string' }],
    ['an exclusive minimum', { minimum: 0, exclusiveMinimum: true }, { exclusiveMinimum: 0 }],
    ['an exclusive maximum', { maximum: 9, exclusiveMaximum: true }, { exclusiveMaximum: 9 }],
    ['an inclusive bound', { minimum: 0, exclusiveMinimum: false }, { minimum: 0 }],
    ['an example', { type: 'object', example: { nullable: true } }, { type: 'object', examples: [{ nullable: true }] }],
    ['base64', { type: 'string', format: 'byte' }, { type: 'string', contentEncoding: 'base64' }],
    ['bytes', { type: 'string', format: 'binary' }, { type: 'string', contentMediaType: 'application/octet-stream' }],
    [
      'base64 of a media type',
      { type: 'string', format: 'byte', 'x-contentMediaType': 'image/png' },
      { type: 'string', contentEncoding: 'base64', contentMediaType: 'image/png' },
    ],
    ['a reference', { $ref: '#/components/schemas/link' }, { $ref: '#/components/schemas/link' }],
  ])('translates %s', (_, given, expected) => expect(toSchema31(given)).toEqual(expected));

  it('reaches schemas inside of schemas, and leaves properties that are named like keywords', () => {
    const inner = { type: 'integer', minimum: 1, exclusiveMinimum: true };
    const changed = { type: 'integer', exclusiveMinimum: 1 };
    expect(
      toSchema31({
        properties: { minimum: inner, nullable: { type: 'boolean' }, example: inner },
        items: inner,
        additionalProperties: inner,
        not: inner,
        anyOf: [inner],
      }),
    ).toEqual({
      properties: { minimum: changed, nullable: { type: 'boolean' }, example: changed },
      items: changed,
      additionalProperties: changed,
      not: changed,
      anyOf: [changed],
    });
    expect(toSchema31({ additionalProperties: false, default: { nullable: true } })).toEqual({
      additionalProperties: false,
      default: { nullable: true },
    });
  });
});

describe(toOpenApi31.name, () => {
  it('converts the schemas of components, parameters and bodies, and no example of a body', () => {
    const nullable = { type: 'string', nullable: true };
    const orNull = { type: ['string', 'null'] };
    const given = {
      openapi: '3.0.3',
      paths: {
        '/a': {
          get: {
            parameters: [{ name: 'p', in: 'query', schema: nullable }],
            requestBody: { content: { 'application/json': { schema: nullable, example: { schema: nullable } } } },
          },
        },
      },
      components: { schemas: { schema: nullable, a: nullable } },
    };
    expect(toOpenApi31(given)).toEqual({
      openapi: '3.1.0',
      paths: {
        '/a': {
          get: {
            parameters: [{ name: 'p', in: 'query', schema: orNull }],
            requestBody: { content: { 'application/json': { schema: orNull, example: { schema: nullable } } } },
          },
        },
      },
      components: { schemas: { schema: orNull, a: orNull } },
    });
  });
});
