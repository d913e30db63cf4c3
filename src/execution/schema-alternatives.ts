import { isDeepStrictEqual } from 'node:util';
import type { JsonObject } from '../ogc/json-object.js';
import { isCompatible, isJsonType, essence, MediaType } from '../ogc/media-type.js';
import type { OgcSchema } from '../processes/process-description.js';

const SCALARS = ['boolean', 'integer', 'number'];

/**
 * How a value of a schema travels: `binary` as bytes (base64 inside JSON), `text` as a string, `json` as a JSON value.
 * A string with a JSON `contentMediaType` is text that holds JSON.
 */
export type ContentKind = 'binary' | 'text' | 'json';

/** One way to write a value: the schema itself, or a branch of its top-level `oneOf` or `anyOf`. */
export interface Alternative {
  readonly schema: OgcSchema;
  readonly kind: ContentKind;
  /** `contentMediaType` as declared. */
  readonly mediaType?: string;
}

/** Schemas belong to descriptions, which live as long as the service and are asked for on every request. */
const known = new WeakMap<OgcSchema, readonly Alternative[]>();

/** The alternatives of a schema in the order of the description; the first is the default. */
export function alternativesOf(schema: OgcSchema): readonly Alternative[] {
  const alternatives = known.get(schema) ?? readAlternatives(schema);
  known.set(schema, alternatives);
  return alternatives;
}

function readAlternatives(schema: OgcSchema): readonly Alternative[] {
  const branches = schema.oneOf ?? schema.anyOf;
  // Keywords beside the branches hold for every branch.
  const schemas = branches?.map((branch) => ({ ...outer(schema), ...branch })) ?? [schema];
  return schemas.map((node) => ({ schema: node, kind: kindOf(node), mediaType: node.contentMediaType }));
}

/**
 * The alternative that content of a media type belongs to: an exact match before one of the same syntax, before one
 * that names no type.
 * @returns nothing when no alternative takes this type
 */
export function alternativeFor(schema: OgcSchema, mediaType: string): Alternative | undefined {
  const ranked = alternativesOf(schema)
    .map((alternative) => ({ alternative, rank: rankOf(alternative, mediaType) }))
    .filter(({ rank }) => rank > 0)
    // sort is stable: among equals the order of the description decides
    .sort((one, other) => other.rank - one.rank);
  return ranked[0]?.alternative;
}

/**
 * What remains of a schema when a client names the alternative it means (`schema` of format.yaml): by a URL, which an
 * alternative declares as its `contentSchema`, or by the schema itself, as the description has it. An empty schema
 * names none and excludes none.
 * @returns nothing when no alternative is meant
 */
export function schemaNamed(schema: OgcSchema, named: string | JsonObject): OgcSchema | undefined {
  const described = JSON.parse(JSON.stringify(schema)) as OgcSchema;
  if (typeof named === 'object' && (Object.keys(named).length === 0 || isDeepStrictEqual(named, described))) {
    return schema;
  }
  const common = outer(described);
  const matches = alternativesOf(schema).filter((_, index) => {
    const alternative = alternativesOf(described)[index].schema;
    return typeof named === 'string'
      ? alternative.contentSchema === named
      : isDeepStrictEqual({ ...common, ...named }, alternative);
  });
  if (matches.length <= 1) return matches[0]?.schema;
  return { oneOf: matches.map((alternative) => alternative.schema) };
}

function rankOf({ kind, mediaType: declared, schema }: Alternative, given: string): number {
  if (declared !== undefined) {
    if (essence(declared) === essence(given)) return 4;
    if (isCompatible(given, declared)) return 3;
    return kind === 'binary' && (essence(declared) === MediaType.octets || essence(given) === MediaType.octets) ? 1 : 0;
  }
  if (kind === 'json') {
    if (isJsonType(given)) return 3;
    // 3.14 and true read the same as plain text.
    return SCALARS.includes(schema.type ?? '') && essence(given) === MediaType.text ? 1 : 0;
  }
  // A string or bytes of no declared type: anything may be written that way, JSON only if nothing else takes it.
  return isJsonType(given) ? 1 : 2;
}

function kindOf(schema: OgcSchema): ContentKind {
  if (schema.type !== 'string') return 'json';
  const isBinary =
    ['base64', 'base64url', 'binary'].includes(schema.contentEncoding?.toLowerCase() ?? '') ||
    schema.format === 'byte' ||
    schema.format === 'binary';
  return isBinary ? 'binary' : 'text';
}

function outer({ oneOf: _oneOf, anyOf: _anyOf, ...rest }: OgcSchema): OgcSchema {
  return rest;
}
