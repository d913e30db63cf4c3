import { isJsonObject, type JsonObject } from '../../ogc/json-object.js';
import type { InputDescription } from '../../processes/process-description.js';
import { isRepeatable } from '../inputs/input-occurrence.js';
import { alternativeFor, alternativesOf } from '../schema-alternatives.js';
import { invalidQuery } from '../../ogc/problems/invalid-query.js';
import { base64, isBoundingBox, mediaType, parseJson, readBoundingBox, readValue, splitValues } from './kvp-value.js';
import type { ParameterGroup } from './parameter-group.js';
import { type QueryParameter, textOf } from './query-parameters.js';

/**
 * Reads one input in the words of an execute request: a value, a qualified value, a reference, or a list of these.
 * @throws DomainError `invalid-query-parameter`
 */
export function readInput(id: string, description: InputDescription, group: ParameterGroup): unknown {
  const { plain, members } = group;
  const href = group.text('href');
  const value = members.get('value');
  const sources = value === undefined ? plain : [...plain, value];
  if (href !== undefined) {
    if (sources.length > 0) throw invalidQuery(id, 'has both a value and a reference');
    const type = group.text('type');
    return { href, ...(type !== undefined && { type: mediaType(type) }), ...group.format() };
  }
  if (sources.length === 0) throw invalidQuery(id, 'has no value');
  if (members.has('type')) throw invalidQuery(`${id}[type]`, `belongs to ${id}[href]`);
  if (sources.length > 1 && !isRepeatable(description)) throw invalidQuery(id, 'is given more than once');
  const crs = group.text('crs');
  const isBox = isBoundingBox(description.schema);
  if (crs !== undefined && !isBox) throw invalidQuery(`${id}[crs]`, 'is for bounding boxes only');
  if (isBox) return readBoundingBoxes(sources, description, crs);
  const format = group.format();
  if (!isRepeatable(description)) return qualify(readFormatted(sources[0].pieces, description, format), format);
  return sources
    .flatMap(({ pieces }) => splitValues(pieces, description.schema))
    .map((text) => readLink(text, description) ?? qualify(readFormatted([text], description, format), format));
}

/** A media type or an encoding says how the text is meant; without one the schema does. */
function readFormatted(
  pieces: readonly string[],
  { schema }: InputDescription,
  format: Readonly<Record<string, string>>,
): unknown {
  const text = pieces.join(',');
  if (format.encoding?.toLowerCase().startsWith('base64')) return base64(text);
  const kind = format.mediaType === undefined ? undefined : alternativeFor(schema, format.mediaType)?.kind;
  if (kind === 'text') return text;
  return kind === 'binary' ? base64(text) : readValue(pieces, schema);
}

/** Objects go qualified, as the standard wants it, so that no member of theirs is mistaken for one of a link. */
function qualify(value: unknown, format: Readonly<Record<string, string>>): unknown {
  return Object.keys(format).length > 0 || isJsonObject(value) ? { value, ...format } : value;
}

/** Inputs that occur several times are referred to by JSON objects (/req/kvp-execute/input-by-reference). */
function readLink(text: string, { schema }: InputDescription): JsonObject | undefined {
  if (!/^\s*\{/.test(text)) return undefined;
  const value = parseJson(text);
  if (!isJsonObject(value)) return undefined;
  const isValue = alternativesOf(schema).some(({ kind }) => kind === 'json');
  return Object.hasOwn(value, 'href') || (!isValue && Object.hasOwn(value, 'value')) ? value : undefined;
}

function readBoundingBoxes(
  sources: readonly QueryParameter[],
  description: InputDescription,
  crs: string | undefined,
): unknown {
  if (!isRepeatable(description)) return readBoundingBox(textOf(sources[0]), crs);
  return sources.flatMap((source) => {
    // Several boxes in one list have their own commas encoded.
    const isList = source.pieces.some((piece) => piece.includes(','));
    const boxes = isList ? source.pieces : [textOf(source)];
    return boxes.map((text) => readBoundingBox(text, crs));
  });
}
