import type { Schema } from '../client/ogc-documents.js';
import { type SchemaShape, shapeOf } from './schema-shape.js';

/** A value that does not fit the schema of its input; the message completes "The input ... ". */
export class UnfitValue extends Error {
  /** @param wanted what it takes in its place, without the value, which may be a secret */
  constructor(
    message: string,
    readonly wanted?: string,
  ) {
    super(message);
  }
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * Turns the text of an argument into a JSON value of the kind the schema wants. Where it allows several, the first
 * that the text can be counts: one of the enumerated values, null, boolean, number, bounding box, JSON, text.
 *
 * @example `parseValue('8', { type: 'integer' })` is 8, `parseValue('8', { type: 'string' })` is '8'.
 * @throws UnfitValue when the text can be none of them
 */
export function parseValue(text: string, schema?: Schema): unknown {
  const shape = shapeOf(schema);
  const allows = (type: string) => shape.types.has(type) || shape.types.size === 0;
  const enumerated = shape.values.find((value) => String(value) === text);
  if (enumerated !== undefined) return enumerated;
  if (text === 'null' && shape.types.has('null')) return null;
  if ((text === 'true' || text === 'false') && allows('boolean')) return text === 'true';
  if (shape.isBbox) {
    const box = boundingBox(text);
    if (box) return box;
  }
  if (NUMBER.test(text) && (allows('number') || shape.types.has('integer'))) return exactNumber(text, shape);
  if (/^\s*[[{]/.test(text) && (allows('object') || allows('array') || shape.isBbox)) {
    const parsed = jsonOrNothing(text);
    if (parsed !== undefined) return parsed;
    if (!allows('string')) throw new UnfitValue('is not valid JSON');
  }
  if (allows('string')) return text;
  if (shape.types.has('array')) return listOf(text, shape);
  if (shape.types.has('binary')) return text;
  throw new UnfitValue(`cannot be ${JSON.stringify(text)}, it takes ${wanted(shape)}`, wanted(shape));
}

/** `a,b,c,d` or, with heights, six numbers (OGC 18-062r2 bbox.yaml). */
function boundingBox(text: string): { bbox: number[] } | undefined {
  const numbers = text.split(',').map((part) => part.trim());
  if (![4, 6].includes(numbers.length) || !numbers.every((part) => NUMBER.test(part))) return undefined;
  return { bbox: numbers.map(Number) };
}

function exactNumber(text: string, shape: SchemaShape): number {
  const number = Number(text);
  if (
    !Number.isFinite(number) ||
    (Number.isInteger(number) && !Number.isSafeInteger(number) && /^[+-]?\d+$/.test(text))
  ) {
    throw new UnfitValue(`is too large a number; write key:=${text} to send it digit by digit`);
  }
  if (!Number.isInteger(number) && shape.types.has('integer') && !shape.types.has('number')) {
    throw new UnfitValue(`cannot be ${text}, it takes whole numbers`, 'whole numbers');
  }
  return number;
}

function listOf(text: string, { items }: SchemaShape): unknown[] {
  return text === '' ? [] : text.split(',').map((item) => parseValue(item.trim(), items));
}

function wanted(shape: SchemaShape): string {
  if (shape.isBbox) return 'a bounding box: four numbers a,b,c,d';
  if (shape.values.length > 0) return `one of ${shape.values.map(String).join(', ')}`;
  const names: Record<string, string> = { boolean: 'true or false', object: 'JSON', integer: 'whole numbers' };
  return [...shape.types].map((type) => names[type] ?? `a ${type}`).join(' or ');
}

/** Parses JSON; nothing when it is none. */
export function jsonOrNothing(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
