import { isJsonObject } from '../../ogc/json-object.js';
import type { FaultCollector } from '../definition/invalid-process.error.js';
import type { OgcSchema } from '../process-description.js';

type Expected =
  'string' | 'number' | 'count' | 'boolean' | 'strings' | 'list' | 'schema' | 'schemas' | 'schema map' | 'any';

/** The keywords of OGC's 1.0 `schema.yaml`, each with the kind of value it takes. */
const KEYWORDS: Readonly<Record<keyof OgcSchema | 'additionalProperties', Expected>> = {
  title: 'string',
  description: 'string',
  type: 'string',
  format: 'string',
  enum: 'list',
  default: 'any',
  example: 'any',
  multipleOf: 'number',
  maximum: 'number',
  exclusiveMaximum: 'boolean',
  minimum: 'number',
  exclusiveMinimum: 'boolean',
  maxLength: 'count',
  minLength: 'count',
  pattern: 'string',
  maxItems: 'count',
  minItems: 'count',
  uniqueItems: 'boolean',
  maxProperties: 'count',
  minProperties: 'count',
  required: 'strings',
  not: 'schema',
  allOf: 'schemas',
  oneOf: 'schemas',
  anyOf: 'schemas',
  items: 'schema',
  properties: 'schema map',
  additionalProperties: 'schema',
  nullable: 'boolean',
  readOnly: 'boolean',
  writeOnly: 'boolean',
  deprecated: 'boolean',
  contentMediaType: 'string',
  contentEncoding: 'string',
  contentSchema: 'string',
};

const TYPES = new Set(['array', 'boolean', 'integer', 'number', 'object', 'string']);

const CURES: Readonly<Record<string, string>> = {
  const: 'use `enum` with one value',
  examples: 'use `example`',
  $ref: 'write the schema out in place',
  $defs: 'write the schemas out in place',
  definitions: 'write the schemas out in place',
  patternProperties: 'use `properties` and `additionalProperties`',
  propertyNames: 'use `properties` and `additionalProperties: false`',
  prefixItems: 'use `items` with `minItems` and `maxItems`',
  contains: 'check it in `execute` and throw a ProcessRejection',
  if: 'use `oneOf`',
  dependentRequired: 'use `oneOf`',
};

/** Checks a schema against the subset of JSON Schema that OGC API - Processes 1.0 lets a description use. */
export function checkOgcSchema(schema: unknown, path: string, faults: FaultCollector): void {
  if (!isJsonObject(schema)) {
    faults.add(
      path,
      `a schema is an object, this is ${JSON.stringify(schema)}; write for instance { type: 'string' }.`,
    );
    return;
  }
  for (const [keyword, value] of Object.entries(schema)) checkKeyword(keyword, value, `${path}.${keyword}`, faults);
  checkType(schema, path, faults);
}

function checkKeyword(keyword: string, value: unknown, path: string, faults: FaultCollector): void {
  if (!Object.hasOwn(KEYWORDS, keyword)) {
    const cure = CURES[keyword] ?? 'remove it';
    faults.add(path, `the keyword \`${keyword}\` is not part of the OGC schema subset; ${cure}.`);
    return;
  }
  const expected = KEYWORDS[keyword as keyof OgcSchema];
  if (expected === 'schema') {
    if (keyword !== 'additionalProperties' || typeof value !== 'boolean') checkOgcSchema(value, path, faults);
  } else if (expected === 'schemas') {
    if (!Array.isArray(value) || value.length === 0) faults.add(path, 'takes a list of at least one schema.');
    else value.forEach((branch, index) => checkOgcSchema(branch, `${path}.${index}`, faults));
  } else if (expected === 'schema map') {
    if (!isJsonObject(value)) faults.add(path, 'takes an object of schemas by property name.');
    else for (const [name, member] of Object.entries(value)) checkOgcSchema(member, `${path}.${name}`, faults);
  } else if (!matches(value, expected)) {
    faults.add(path, `takes ${WORDS[expected]}, this is ${JSON.stringify(value)}.${hint(keyword, value)}`);
  }
}

const WORDS = {
  string: 'a string',
  number: 'a number',
  count: 'a whole number of at least 0',
  boolean: 'true or false',
  strings: 'a list of at least one different names',
  list: 'a list of at least one value',
  any: 'any value',
} as const;

function matches(value: unknown, expected: keyof typeof WORDS): boolean {
  switch (expected) {
    case 'any':
      return value !== undefined;
    case 'number':
      return typeof value === 'number' && Number.isFinite(value);
    case 'count':
      return Number.isSafeInteger(value) && (value as number) >= 0;
    case 'list':
      return Array.isArray(value) && value.length > 0;
    case 'strings':
      return isNameList(value);
    default:
      return typeof value === expected;
  }
}

function isNameList(value: unknown): boolean {
  if (!Array.isArray(value) || value.length === 0) return false;
  return value.every((name) => typeof name === 'string') && new Set(value).size === value.length;
}

function hint(keyword: string, value: unknown): string {
  if ((keyword === 'exclusiveMinimum' || keyword === 'exclusiveMaximum') && typeof value === 'number') {
    const bound = keyword === 'exclusiveMinimum' ? 'minimum' : 'maximum';
    return ` Write \`${bound}: ${value}\` and \`${keyword}: true\`.`;
  }
  if (keyword === 'type' && Array.isArray(value)) return ' Write one type, with `nullable: true` or `oneOf`.';
  return '';
}

function checkType(schema: Record<string, unknown>, path: string, faults: FaultCollector): void {
  if (typeof schema.type === 'string' && !TYPES.has(schema.type)) {
    const cure = schema.type === 'null' ? ' Use `nullable: true`.' : '';
    faults.add(
      `${path}.type`,
      `must be one of ${[...TYPES].join(', ')}; this is ${JSON.stringify(schema.type)}.${cure}`,
    );
  }
  if (typeof schema.multipleOf === 'number' && schema.multipleOf <= 0) {
    faults.add(`${path}.multipleOf`, 'must be greater than 0.');
  }
}
