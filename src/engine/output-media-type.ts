import { isJsonType, MediaType } from '../ogc/media-type.js';
import type { OgcSchema, OutputDescription } from '../processes/process-description.js';
import { isBinarySchema } from '../processes/schema/binary-schema.js';
import { isOfType } from '../processes/schema/type-of-value.js';

/**
 * The media type of a returned value: what its schema declares, else JSON. Where the schema has alternatives, the first
 * one for values of this type counts. A string without a declared type is a JSON string, not `text/plain`: the
 * description is the only thing a client can know beforehand. Null is JSON: no text and no image says it.
 */
export function valueMediaType(value: unknown, description: OutputDescription | undefined): string {
  const declared = schemaOf(value, description)?.contentMediaType ?? MediaType.json;
  return value === null && !isJsonType(declared) ? MediaType.json : declared;
}

/** The media type of a written output: what the process said when it wrote, else what its schema declares. */
export function fileMediaType(given: string | undefined, description: OutputDescription | undefined): string {
  return given ?? description?.schema.contentMediaType ?? MediaType.octets;
}

/**
 * The bytes that represent a value: for a string of a declared type what its base64 holds, or the text itself unless
 * that type is JSON; JSON text otherwise. Whoever reads the file back applies the same rule.
 * @param json the value as JSON text
 */
export function valueContent(
  value: unknown,
  json: string,
  description: OutputDescription | undefined,
): string | Buffer {
  const schema = schemaOf(value, description);
  if (typeof value !== 'string' || schema?.contentMediaType === undefined) return json;
  if (isBinarySchema(schema)) return Buffer.from(value, 'base64');
  return isJsonType(schema.contentMediaType) ? json : value;
}

/** The schema, narrowed to the first of its alternatives that takes values of this type. */
function schemaOf(value: unknown, description: OutputDescription | undefined): OgcSchema | undefined {
  const schema = description?.schema;
  const branch = (schema?.oneOf ?? schema?.anyOf)?.find(({ type }) => isOfType(value, type));
  return branch ? { ...schema, ...branch } : schema;
}
