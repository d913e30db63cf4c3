import { nonFiniteNumber } from '../../ogc/finite-numbers.js';
import { isJsonObject, type JsonObject } from '../../ogc/json-object.js';
import { DomainError } from '../../ogc/problems/domain-error.js';
import type { OgcSchema } from '../../processes/process-description.js';
import { isOfType } from '../../processes/schema/type-of-value.js';
import { alternativesOf } from '../schema-alternatives.js';

/**
 * Reads one value from a query (2.0 /req/kvp-execute/string-input-value to binary-input-value). What does not fit the
 * schema stays text, for the validation to name.
 * @param pieces the text, cut at its commas
 */
export function readValue(pieces: readonly string[], schema: OgcSchema): unknown {
  const text = pieces.join(',');
  const alternatives = alternativesOf(schema);
  const values = alternatives.filter(({ kind }) => kind === 'json');
  if (values.length === 0) return alternatives.every(({ kind }) => kind === 'binary') ? base64(text) : text;
  const parsed = parseJson(text);
  if (parsed !== undefined && values.some(({ schema: { type } }) => isOfType(parsed, type))) return parsed;
  const array = values.find(({ schema: { type } }) => type === 'array');
  // `1,2,3` for an array of one input is what a person types, and `1` for one of a single item.
  const isJson = text.startsWith('[') || (typeof parsed === 'object' && parsed !== null);
  const isText = parsed !== undefined && alternatives.some(({ kind }) => kind === 'text');
  if (array === undefined || isJson || isText) return text;
  return pieces.map((piece) => readValue([piece], array.schema.items ?? {}));
}

/**
 * Cuts a list of values. A comma inside a JSON object, array or string does not separate, even when it is not encoded.
 */
export function splitValues(pieces: readonly string[], schema: OgcSchema): string[] {
  if (!alternativesOf(schema).some(({ kind }) => kind === 'json')) return [...pieces];
  const values: string[] = [];
  let pending: string[] = [];
  const nesting = new JsonNesting();
  for (const piece of pieces) {
    if (pending.length > 0 || /^\s*[[{"]/.test(piece)) {
      nesting.read(pending.length > 0 ? `,${piece}` : piece);
      pending.push(piece);
      if (nesting.isOpen) continue;
      values.push(pending.join(','));
      pending = [];
    } else values.push(piece);
  }
  return [...values, ...pending];
}

/**
 * Reads a bounding box: four or six numbers (/req/kvp-execute/bbox-input-value), with the URI of its coordinate
 * reference system if there is one. JSON is read too.
 */
export function readBoundingBox(text: string, crs: string | undefined): JsonObject {
  const parsed = parseJson(text);
  const given = isJsonObject(parsed)
    ? parsed
    : { bbox: Array.isArray(parsed) ? parsed : text.split(',').map(readNumber) };
  return crs === undefined ? given : { ...given, crs };
}

/** Whether a schema is one of bounding boxes, itself or in one of its branches. */
export function isBoundingBox({ format, allOf, oneOf, anyOf }: OgcSchema): boolean {
  return format === 'ogc-bbox' || [allOf, oneOf, anyOf].some((nodes) => nodes?.some(isBoundingBox));
}

/** A `+` that was not percent-encoded arrives as a blank; neither base64 nor a media type has one between its letters. */
export function base64(text: string): string {
  return text.replaceAll(' ', '+');
}

/** See {@link base64}. */
export function mediaType(text: string): string {
  return text.replace(/(?<=[\w.-]) (?=[\w.-])/g, '+');
}

/**
 * @returns nothing when the text is not JSON, or holds a number too large to be read; it is a text then, which does not
 *   fit where a number belongs
 * @throws DomainError `invalid-query-parameter` for a key that a request body may not have either
 */
export function parseJson(text: string): unknown {
  try {
    const parsed: unknown = JSON.parse(text, (key, value: unknown) => {
      if (key !== '__proto__') return value;
      throw new DomainError('invalid-query-parameter', 'The query holds a key (__proto__) that is not accepted.');
    });
    return nonFiniteNumber(parsed) === undefined ? parsed : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function readNumber(text: string): unknown {
  const number = parseJson(text.trim());
  return typeof number === 'number' ? number : text;
}

/** Follows the brackets and strings of JSON text that comes in parts. */
class JsonNesting {
  private depth = 0;
  private isInString = false;

  get isOpen(): boolean {
    return this.depth > 0 || this.isInString;
  }

  read(text: string): void {
    for (let index = 0; index < text.length; index += 1) {
      const character = text[index];
      if (this.isInString && character === '\\') index += 1;
      else if (character === '"') this.isInString = !this.isInString;
      else if (this.isInString) continue;
      else if (character === '{' || character === '[') this.depth += 1;
      else if (character === '}' || character === ']') this.depth -= 1;
    }
  }
}
