import type { OgcSchema, OutputDescription } from '../processes/process-description.js';

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;
const DEFAULT_VALUE = 'application/json';
const DEFAULT_FILE = 'application/octet-stream';

/** Whether content of this media type is JSON text. */
export function isJsonMediaType(mediaType: string): boolean {
  return JSON_TYPE.test(mediaType);
}

/**
 * The media type of a returned value: what its schema declares, else JSON. Where the schema has alternatives, the first
 * one for values of this type counts. A string without a declared type is a JSON string, not `text/plain`: the
 * description is the only thing a client can know beforehand.
 */
export function valueMediaType(value: unknown, description: OutputDescription | undefined): string {
  return schemaOf(value, description)?.contentMediaType ?? DEFAULT_VALUE;
}

/** The media type of a written output: what the process said when it wrote, else what its schema declares. */
export function fileMediaType(given: string | undefined, description: OutputDescription | undefined): string {
  return given ?? description?.schema.contentMediaType ?? DEFAULT_FILE;
}

/**
 * The bytes that represent a value: the text itself for a string of a type other than JSON (decoded if the schema says
 * that it is base64), JSON text otherwise. Whoever reads the file back applies the same rule.
 * @param json the value as JSON text
 */
export function valueContent(
  value: unknown,
  json: string,
  description: OutputDescription | undefined,
): string | Buffer {
  if (typeof value !== 'string' || isJsonMediaType(valueMediaType(value, description))) return json;
  return schemaOf(value, description)?.contentEncoding === 'base64' ? Buffer.from(value, 'base64') : value;
}

/** The schema, narrowed to the first of its alternatives that takes values of this type. */
function schemaOf(value: unknown, description: OutputDescription | undefined): OgcSchema | undefined {
  const schema = description?.schema;
  const branch = (schema?.oneOf ?? schema?.anyOf)?.find(({ type }) => type === undefined || isOfType(value, type));
  return branch ? { ...schema, ...branch } : schema;
}

function isOfType(value: unknown, type: NonNullable<OgcSchema['type']>): boolean {
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  return typeof value === (type === 'integer' ? 'number' : type);
}
