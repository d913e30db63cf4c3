import { schemaRef } from './schema-ref.js';

const schema = schemaRef('schema');
const count = { type: 'integer', minimum: 0 };
const flag = { type: 'boolean', default: false };
const text = { type: 'string' };
const schemas = { type: 'array', items: schema };

/**
 * The standard's schemas of process descriptions, by the names of their files (OGC 18-062r2 `process.yaml` and those
 * it refers to). `oneOf` is `anyOf`, as in the schemas of values.
 */
export const DESCRIPTION_SCHEMAS = {
  jobControlOptions: { type: 'string', enum: ['sync-execute', 'async-execute', 'dismiss'] },
  metadata: { type: 'object', properties: { title: text, role: text, href: text } },
  additionalParameter: {
    type: 'object',
    required: ['name', 'value'],
    properties: {
      name: text,
      value: {
        type: 'array',
        items: {
          anyOf: [text, { type: 'number' }, { type: 'integer' }, { type: 'array', items: {} }, { type: 'object' }],
        },
      },
    },
  },
  descriptionType: {
    type: 'object',
    properties: {
      title: text,
      description: text,
      keywords: { type: 'array', items: text },
      metadata: { type: 'array', items: schemaRef('metadata') },
      additionalParameters: {
        allOf: [
          schemaRef('metadata'),
          {
            type: 'object',
            properties: { parameters: { type: 'array', items: schemaRef('additionalParameter') } },
          },
        ],
      },
    },
  },
  inputDescription: {
    allOf: [
      schemaRef('descriptionType'),
      {
        type: 'object',
        required: ['schema'],
        properties: {
          minOccurs: { type: 'integer', default: 1 },
          maxOccurs: {
            anyOf: [
              { type: 'integer', default: 1 },
              { type: 'string', enum: ['unbounded'] },
            ],
          },
          schema,
        },
      },
    ],
  },
  outputDescription: {
    allOf: [schemaRef('descriptionType'), { type: 'object', required: ['schema'], properties: { schema } }],
  },
  // Its one member is not among `properties`: many tools take a property of that name for a reference to resolve.
  reference: {
    type: 'object',
    required: ['$ref'],
    description: 'A reference to a schema: the member $ref, a URI reference',
    additionalProperties: { type: 'string' },
  },
  schema: {
    description: 'A schema of the subset of OpenAPI 3.0 that process descriptions use',
    anyOf: [
      schemaRef('reference'),
      {
        type: 'object',
        additionalProperties: false,
        properties: {
          title: text,
          multipleOf: { type: 'number', minimum: 0, exclusiveMinimum: true },
          maximum: { type: 'number' },
          exclusiveMaximum: flag,
          minimum: { type: 'number' },
          exclusiveMinimum: flag,
          maxLength: count,
          minLength: { ...count, default: 0 },
          pattern: { type: 'string', format: 'regex' },
          maxItems: count,
          minItems: { ...count, default: 0 },
          uniqueItems: flag,
          maxProperties: count,
          minProperties: { ...count, default: 0 },
          required: { type: 'array', items: text, minItems: 1, uniqueItems: true },
          enum: { type: 'array', items: {}, minItems: 1 },
          type: { type: 'string', enum: ['array', 'boolean', 'integer', 'number', 'object', 'string'] },
          not: schema,
          allOf: schemas,
          oneOf: schemas,
          anyOf: schemas,
          items: schema,
          properties: { type: 'object', additionalProperties: schema },
          additionalProperties: { anyOf: [schema, { type: 'boolean' }], default: true },
          description: text,
          format: text,
          default: {},
          nullable: flag,
          readOnly: flag,
          writeOnly: flag,
          example: {},
          deprecated: flag,
          contentMediaType: text,
          contentEncoding: text,
          contentSchema: text,
        },
      },
    ],
  },
} as const;
