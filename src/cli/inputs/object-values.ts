import { readFileSync } from 'node:fs';
import { UsageError } from '../cli-error.js';
import type { Schema } from '../client/ogc-documents.js';
import { parseInputArgument } from './input-argument.js';
import { jsonOrNothing, parseValue, UnfitValue } from './input-value.js';
import { shapeOf } from './schema-shape.js';

/**
 * The values of an object, a block or an answer, from the arguments of a command.
 * @param args `key=value`, `key=@FILE` (without the line break at its end), `key=@-` or `key:=JSON`
 * @param file path of a JSON file with values, or `-`; the arguments win over it
 * @param schema of the object
 * @throws UsageError for what cannot be read; it repeats no value, which may be a secret
 */
export function readObjectValues(
  args: readonly string[],
  file: string | undefined,
  schema: Schema | undefined,
): Record<string, unknown> {
  const given = args.map((argument) => readArgument(argument, schema));
  return { ...(file !== undefined && readObject(file)), ...Object.fromEntries(given) };
}

function readArgument(argument: string, schema: Schema | undefined): [string, unknown] {
  if (!argument.includes('=')) throw new UsageError(`"${argument.slice(0, 20)}" is not key=value.`);
  const read = parseInputArgument(argument);
  const property = schema?.properties?.[read.key];
  switch (read.form) {
    case 'json':
      return [read.key, parseJson(read.text, read.key)];
    case 'reference':
      throw new UsageError(`${read.key}: no file from elsewhere is taken here; name a file of this machine.`);
    case 'file': {
      const text = contentOf(read.path).replace(/\r?\n$/, '');
      const { types } = shapeOf(property);
      return [read.key, types.size === 0 || types.has('string') ? text : parseJson(text, read.key)];
    }
    case 'text':
      return [read.key, fitting(read.key, read.text, property)];
  }
}

function fitting(key: string, text: string, schema: Schema | undefined): unknown {
  try {
    return parseValue(text, schema);
  } catch (error) {
    if (!(error instanceof UnfitValue)) throw error;
    // Its message would repeat the text.
    const taken = error.wanted === undefined ? '' : `it takes ${error.wanted}; `;
    throw new UsageError(`${key}: its value does not fit; ${taken}${key}:=JSON sends anything.`);
  }
}

function parseJson(text: string, key: string): unknown {
  const value = jsonOrNothing(text);
  if (value === undefined) throw new UsageError(`${key}: its value is not JSON.`);
  return value;
}

function readObject(path: string): Record<string, unknown> {
  const value = jsonOrNothing(contentOf(path));
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new UsageError(`The file ${path} holds no JSON object.`);
}

/** The text of a file, or of standard input for `-`. @throws UsageError when it cannot be read */
export function contentOf(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch (error) {
    throw new UsageError(`The file cannot be read: ${(error as Error).message}`);
  }
}
