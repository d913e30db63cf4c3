import { isJsonObject, type JsonObject } from '../ogc/json-object.js';

/** Keywords whose value is a schema, a list of schemas, or schemas by name. */
const ONE = new Set(['not', 'items', 'additionalProperties']);
const SEVERAL = new Set(['allOf', 'oneOf', 'anyOf']);

/**
 * Rewrites an OpenAPI 3.0 document for 3.1 (2.0 draft, class oas31), where schemas are those of JSON Schema 2020-12:
 * `nullable` becomes a type, boolean exclusive bounds become numbers, `example` a list, and bytes say their encoding
 * and media type. Everything outside of schemas is the same in both versions.
 */
export function toOpenApi31<T extends object>(document: T): T {
  return { ...(walk(document, []) as T), openapi: '3.1.0' };
}

/** Copies the document, and has every schema converted; schemas stand under `schema` and in the components. */
function walk(node: unknown, path: readonly string[]): unknown {
  if (Array.isArray(node)) return node.map((item, index) => walk(item, [...path, String(index)]));
  if (!isJsonObject(node)) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => {
      // What a client may send or get is data, not a part of the document.
      if (key === 'example' || key === 'examples') return [key, value];
      const isComponent = path.length === 2 && path[0] === 'components' && path[1] === 'schemas';
      return [key, isComponent || key === 'schema' ? toSchema31(value) : walk(value, [...path, key])];
    }),
  );
}

/** Converts one schema of OpenAPI 3.0. */
export function toSchema31(node: unknown): unknown {
  if (!isJsonObject(node)) return node;
  const { nullable, exclusiveMinimum, exclusiveMaximum, minimum, maximum, example, format, ...rest } = node;
  const { 'x-contentMediaType': mediaType, ...keywords } = rest;
  const schema: JsonObject = Object.fromEntries(
    Object.entries(keywords).map(([key, value]) => [key, convert(key, value)]),
  );
  if (minimum !== undefined) schema[exclusiveMinimum === true ? 'exclusiveMinimum' : 'minimum'] = minimum;
  if (maximum !== undefined) schema[exclusiveMaximum === true ? 'exclusiveMaximum' : 'maximum'] = maximum;
  if (example !== undefined) schema.examples = [example];
  if (format === 'byte') schema.contentEncoding = 'base64';
  else if (format === 'binary') schema.contentMediaType = 'application/octet-stream';
  else if (format !== undefined) schema.format = format;
  if (mediaType !== undefined) schema.contentMediaType = mediaType;
  return nullable === true ? orNull(schema) : schema;
}

function convert(keyword: string, value: unknown): unknown {
  if (ONE.has(keyword)) return toSchema31(value);
  if (SEVERAL.has(keyword) && Array.isArray(value)) return value.map(toSchema31);
  if (keyword !== 'properties' || !isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, schema]) => [name, toSchema31(schema)]));
}

/** In 3.0 `nullable` counts beside a `type` only; without one, null is allowed anyway. */
function orNull(schema: JsonObject): JsonObject {
  if (typeof schema.type !== 'string') return schema;
  const { type, enum: values } = schema;
  return { ...schema, type: [type, 'null'], ...(Array.isArray(values) && { enum: [...new Set([...values, null])] }) };
}
