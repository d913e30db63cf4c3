import type { OutputDescription } from '../processes/process-description.js';

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;
const DEFAULT_VALUE = 'application/json';
const DEFAULT_FILE = 'application/octet-stream';

/** Whether content of this media type is JSON text. */
export function isJsonMediaType(mediaType: string): boolean {
  return JSON_TYPE.test(mediaType);
}

/**
 * The media type of a returned value: what its schema declares, else JSON. A string without a declared type is a JSON
 * string, not `text/plain`: the description is the only thing a client can know beforehand.
 */
export function valueMediaType(description: OutputDescription | undefined): string {
  return description?.schema.contentMediaType ?? DEFAULT_VALUE;
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
  if (typeof value !== 'string' || isJsonMediaType(valueMediaType(description))) return json;
  return description?.schema.contentEncoding === 'base64' ? Buffer.from(value, 'base64') : value;
}
