import type { JsonSchema } from './json-schema.js';
import { BASE64_TEXT, OGC_FORMAT_KEYWORD } from './json-schema.js';

const LONGEST_QUOTE = 60;

const FORMAT_WORDS: Readonly<Record<string, string>> = {
  'ogc-bbox': 'a bounding box',
  'geojson-geometry': 'a GeoJSON geometry',
  'geojson-feature': 'a GeoJSON feature',
  'geojson-feature-collection': 'a GeoJSON feature collection',
  'date-time': 'a date and time with a time zone, such as 2026-01-31T12:00:00Z',
  date: 'a date, such as 2026-01-31',
  time: 'a time, such as 12:00:00Z',
  uri: 'a URI',
  email: 'an e-mail address',
  uuid: 'a UUID',
  password: 'a string',
  [BASE64_TEXT]: 'base64 text',
};

const TYPE_WORDS: Readonly<Record<string, string>> = {
  array: 'an array',
  boolean: 'a boolean',
  integer: 'an integer',
  null: 'null',
  number: 'a number',
  object: 'an object',
  string: 'a string',
};

/** The name of a JSON type, or of one of several, in words. */
export function typeWords(type: unknown): string {
  const types = Array.isArray(type) ? type : [type];
  return types.map((name) => TYPE_WORDS[String(name)] ?? String(name)).join(' or ');
}

/** What text of a format is, in words. */
export function formatWords(format: unknown): string {
  return FORMAT_WORDS[String(format)] ?? `text of the format ${String(format)}`;
}

/** What a schema asks for, in a few words. */
export function schemaWords(schema: JsonSchema): string {
  if (Array.isArray(schema.enum)) return listWords(schema.enum);
  if (schema[OGC_FORMAT_KEYWORD]) return formatWords(schema[OGC_FORMAT_KEYWORD]);
  if (schema.type === 'string' && schema.format) return formatWords(schema.format);
  if (schema.type) return typeWords(schema.type);
  for (const keyword of ['oneOf', 'anyOf']) {
    const branches = schema[keyword];
    if (Array.isArray(branches)) return branches.map((branch: JsonSchema) => schemaWords(branch)).join(' or ');
  }
  if (isImpossible(schema)) return 'a file (base64 text or a reference)';
  return 'another value';
}

/** The translation of a binary node: no JSON value fits it. */
export function isImpossible(schema: JsonSchema): boolean {
  return typeof schema.not === 'object' && schema.not !== null && Object.keys(schema.not).length === 0;
}

/** Up to ten values of an enumeration. */
export function listWords(values: readonly unknown[]): string {
  const shown = values.slice(0, 10).map(quote).join(', ');
  const rest = values.length - 10;
  if (values.length === 1) return shown;
  return rest > 0 ? `one of ${shown} and ${rest} more` : `one of ${shown}`;
}

/** What was sent, short enough to repeat to the client. */
export function valueWords(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'boolean') return String(value);
  return typeof value === 'number' ? `the number ${value}` : `the string ${quote(value)}`;
}

/** Of a URL: it is often a password, and a problem ends up in logs. */
const USER_INFO = /\/\/[^\s/?#]+@/g;

function quote(value: unknown): string {
  const text = (JSON.stringify(value) ?? String(value)).replace(USER_INFO, '//...@');
  return text.length <= LONGEST_QUOTE ? text : `${text.slice(0, LONGEST_QUOTE)}...`;
}
