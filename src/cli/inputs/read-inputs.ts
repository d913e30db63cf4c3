import { CliError, UsageError } from '../cli-error.js';
import type { InputDescription } from '../client/ogc-documents.js';
import { isJsonObject } from '../json-object.js';
import { arrayPart, type BodyPart, jsonPart } from './body-part.js';
import { type InputArgument, parseInputArgument } from './input-argument.js';
import { filePart, type FileTransport } from './input-file.js';
import { jsonOrNothing, parseValue, UnfitValue } from './input-value.js';
import { shapeOf } from './schema-shape.js';

/**
 * Reads the arguments of `run` by the description of the process. A repeated key makes a list: of occurrences where the
 * input may occur several times, else of the items of an array.
 *
 * @param files how bytes get to where the process runs
 * @returns the parts of the request by input id, in the order of first appearance
 * @throws UsageError for an argument that cannot be read, an unknown input, a repeated single one, an unfit value
 */
export async function readInputs(
  given: readonly string[],
  described: Readonly<Record<string, InputDescription>> = {},
  files: FileTransport = 'content',
): Promise<Map<string, BodyPart[]>> {
  const parsed = given.map(parseInputArgument);
  if (parsed.filter((argument) => argument.form === 'file' && argument.path === '-').length > 1) {
    throw new UsageError('Standard input (@-) can be the value of one input only.');
  }
  const byKey = new Map<string, InputArgument[]>();
  for (const argument of parsed) byKey.set(argument.key, [...(byKey.get(argument.key) ?? []), argument]);
  const inputs = new Map<string, BodyPart[]>();
  for (const [key, list] of byKey) {
    const description = Object.hasOwn(described, key) ? described[key] : undefined;
    if (description === undefined && list.some(({ form }) => form !== 'json')) throw unknownInput(key, described);
    inputs.set(key, await readInput(key, list, description ?? {}, files));
  }
  return inputs;
}

async function readInput(
  key: string,
  list: readonly InputArgument[],
  input: InputDescription,
  files: FileTransport,
): Promise<BodyPart[]> {
  const { maxOccurs = 1 } = input;
  const isRepeatable = maxOccurs === 'unbounded' || maxOccurs > 1;
  try {
    if (isRepeatable) {
      // A single key:=[...] is the whole list as the user wrote it.
      if (list.length === 1 && list[0].form === 'json') return jsonText(list[0].text);
      return arrayPart(await Promise.all(list.map((argument) => readOne(argument, input.schema, files))));
    }
    if (list.length === 1) return await readOne(list[0], input.schema, files);
    const { types, items } = shapeOf(input.schema);
    if (!types.has('array')) throw new UnfitValue('can be given once only');
    return arrayPart(await Promise.all(list.map((argument) => readOne(argument, items, files))));
  } catch (error) {
    if (error instanceof UnfitValue) throw new UsageError(`The input "${key}" ${error.message}.`);
    throw error;
  }
}

async function readOne(
  argument: InputArgument,
  schema: InputDescription['schema'],
  files: FileTransport,
): Promise<BodyPart[]> {
  switch (argument.form) {
    case 'json':
      return jsonText(argument.text);
    case 'file':
      return await filePart(argument, schema, files);
    case 'reference':
      return jsonPart({ href: argument.href, ...(argument.mediaType !== undefined && { type: argument.mediaType }) });
    case 'text':
      return jsonPart(qualifyObject(parseValue(argument.text, schema), schema));
  }
}

/** Objects other than bounding boxes are sent as qualified values (inlineOrRefData.yaml). */
function qualifyObject(value: unknown, schema: InputDescription['schema']): unknown {
  return isJsonObject(value) && !shapeOf(schema).isBbox ? { value } : value;
}

function jsonText(text: string): BodyPart[] {
  if (jsonOrNothing(text) === undefined) throw new UnfitValue('is not valid JSON after ":="');
  return [text];
}

function unknownInput(key: string, described: Readonly<Record<string, InputDescription>>): CliError {
  const ids = Object.keys(described);
  const known = ids.length > 0 ? `It has ${ids.join(', ')}.` : 'It has none.';
  return new UsageError(`The process has no input "${key}". ${known}`, `To send it all the same, write ${key}:=JSON.`);
}
