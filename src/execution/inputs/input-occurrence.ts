import { isJsonObject, ownMember, type JsonObject } from '../../ogc/json-object.js';
import type { InputDescription, OgcSchema } from '../../processes/process-description.js';
import { jsonPointer } from '../../ogc/json-pointer.js';
import { FORMAT_MEMBERS } from './input-format.js';

/** One occurrence of an input as the client sent it, and where it stands in the request. */
export type InputOccurrence =
  | { readonly form: 'inline'; readonly value: unknown; readonly pointer: string }
  | { readonly form: 'qualified'; readonly value: unknown; readonly object: JsonObject; readonly pointer: string }
  | { readonly form: 'reference'; readonly object: JsonObject; readonly pointer: string };

const QUALIFIED_MEMBERS = new Set<string>(['value', ...FORMAT_MEMBERS]);
const LINK_MEMBERS = new Set<string>([
  'href',
  'rel',
  'type',
  'hreflang',
  'title',
  'length',
  'method',
  'body',
  'headers',
  ...FORMAT_MEMBERS,
]);

/** Whether an input may occur more than once; its resolved value is then an array. */
export function isRepeatable({ maxOccurs = 1 }: InputDescription): boolean {
  return maxOccurs === 'unbounded' || maxOccurs > 1;
}

/**
 * The occurrences of an input. For a repeatable one an array is the list of its values, and anything else a single
 * value (OGC 18-062r2 /req/core/process-execute-input-array); for one that occurs once an array is its one value.
 */
export function occurrencesOf(id: string, raw: unknown, description: InputDescription): InputOccurrence[] {
  const pointer = jsonPointer('inputs', id);
  if (isRepeatable(description) && Array.isArray(raw)) {
    return raw.map((item, index) => classify(item, pointer + jsonPointer(index), description.schema));
  }
  return [classify(raw, pointer, description.schema)];
}

/**
 * Tells the forms of a value apart. An object with `value` is a qualified value, one with `href` a reference. The one
 * exception tolerates clients that send an object bare, though the standard wants it qualified: when the schema itself
 * declares a property of that name, and the object has members that no qualified value (or link) has, it is the value.
 * Every other object, a bounding box for instance, is the value.
 */
function classify(value: unknown, pointer: string, schema: OgcSchema): InputOccurrence {
  if (isJsonObject(value)) {
    if (Object.hasOwn(value, 'value') && !isBare(value, 'value', QUALIFIED_MEMBERS, schema)) {
      return { form: 'qualified', value: ownMember(value, 'value'), object: value, pointer };
    }
    if (Object.hasOwn(value, 'href') && !isBare(value, 'href', LINK_MEMBERS, schema)) {
      return { form: 'reference', object: value, pointer };
    }
  }
  return { form: 'inline', value, pointer };
}

function isBare(value: JsonObject, member: string, known: ReadonlySet<string>, schema: OgcSchema): boolean {
  return Object.keys(value).some((name) => !known.has(name)) && declares(schema, member);
}

function declares(schema: OgcSchema, property: string): boolean {
  if (Object.hasOwn(schema.properties ?? {}, property)) return true;
  return [schema.allOf, schema.oneOf, schema.anyOf].some((nodes) => nodes?.some((node) => declares(node, property)));
}
