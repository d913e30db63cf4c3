import type { OgcSchema } from '../process-description.js';
import { isBinarySchema } from '../schema/binary-schema.js';
import { ogcFormat } from '../schema/ogc-formats.js';

/** A schema in the dialect of the validator, JSON Schema 2020-12. */
export type JsonSchema = Record<string, unknown>;

/** The keyword by which {@link OgcFormat} values are checked. */
export const OGC_FORMAT_KEYWORD = 'ogcFormat';

/** The format of the text of binary outputs. No author can mean it: the name is none of theirs. */
export const BASE64_TEXT = 'base64 text';

/** Keywords that describe a value without restricting it. */
const ANNOTATIONS = [
  'title',
  'description',
  'example',
  'readOnly',
  'writeOnly',
  'deprecated',
  'contentMediaType',
  'contentEncoding',
  'contentSchema',
];

/** How a binary node is treated: bytes of an input are no JSON at all, bytes of an output are base64 text. */
export type BinaryNodes = 'never JSON' | 'text';

/** Translates a schema of the OGC subset (OpenAPI 3.0 style) into JSON Schema as Ajv understands it. */
export function toJsonSchema(schema: OgcSchema, binary: BinaryNodes): JsonSchema {
  if (isBinarySchema(schema)) {
    if (binary === 'never JSON') return { not: {} };
    return orNull({ type: 'string', format: BASE64_TEXT, nullable: schema.nullable });
  }
  const translated: JsonSchema = { ...schema };
  for (const keyword of ANNOTATIONS) delete translated[keyword];
  translateBound(translated, 'exclusiveMinimum', 'minimum');
  translateBound(translated, 'exclusiveMaximum', 'maximum');
  const meaning = ogcFormat(schema.format);
  if (meaning) {
    delete translated.format;
    translated[OGC_FORMAT_KEYWORD] = meaning;
  }
  const sub = (inner: OgcSchema) => toJsonSchema(inner, binary);
  if (schema.not) translated.not = sub(schema.not);
  if (schema.items) translated.items = sub(schema.items);
  if (typeof schema.additionalProperties === 'object')
    translated.additionalProperties = sub(schema.additionalProperties);
  for (const keyword of ['allOf', 'oneOf', 'anyOf'] as const) {
    if (schema[keyword]) translated[keyword] = schema[keyword].map(sub);
  }
  if (schema.properties) {
    translated.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([name, inner]) => [name, sub(inner)]),
    );
  }
  return orNull(translated);
}

function translateBound(schema: JsonSchema, exclusive: string, inclusive: string): void {
  const isExclusive = schema[exclusive] === true;
  delete schema[exclusive];
  if (!isExclusive || schema[inclusive] === undefined) return;
  schema[exclusive] = schema[inclusive];
  delete schema[inclusive];
}

/** `nullable` lets null through whatever else the schema says. */
function orNull(schema: JsonSchema): JsonSchema {
  const { nullable, default: value, ...rest } = schema;
  const inner = nullable === true ? { anyOf: [rest, { type: 'null' }] } : rest;
  return value === undefined ? inner : { ...inner, default: value };
}
