import type { InputDescription, JsonSchema, ProcessDescription } from './ogc-documents.js';

/** Formats of the standard that say more than their JSON type. */
const BY_FORMAT: Readonly<Record<string, unknown>> = {
  'ogc-bbox': { bbox: [5, 50, 10, 55] },
  'geojson-geometry': { type: 'Point', coordinates: [7, 51] },
  'geojson-feature': { type: 'Feature', properties: null, geometry: { type: 'Point', coordinates: [7, 51] } },
  'geojson-feature-collection': { type: 'FeatureCollection', features: [] },
  'date-time': '2026-01-02T03:04:05Z',
  date: '2026-01-02',
  uri: 'https://example.org/value',
  byte: 'T0dD',
  binary: 'T0dD',
};
const FORMAT_URI = 'http://www.opengis.net/def/format/ogcapi-processes/0/';

/**
 * A value that a schema allows, as far as can be told from its plain keywords; the server has the last word.
 * @returns nothing when none can be thought of
 */
export function sampleOf(schema: JsonSchema): unknown {
  if (schema.example !== undefined) return schema.example;
  if (schema.default !== undefined) return schema.default;
  if (schema.enum !== undefined) return schema.enum[0];
  const format = formatsOf(schema).find((name) => name in BY_FORMAT);
  if (format !== undefined) return BY_FORMAT[format];
  if (isBinary(schema)) return BY_FORMAT.byte;
  const [alternative] = schema.oneOf ?? schema.anyOf ?? schema.allOf ?? [];
  if (schema.type === undefined && alternative !== undefined) return sampleOf(alternative);
  return sampleOfType(schema);
}

function sampleOfType(schema: JsonSchema): unknown {
  switch (schema.type) {
    case 'string':
      return schema.pattern === undefined ? 'sample'.padEnd(schema.minLength ?? 0, '.') : undefined;
    case 'integer':
    case 'number':
      return schema.minimum ?? Math.min(schema.maximum ?? 1, 1);
    case 'boolean':
      return true;
    case 'array':
      return Array.from({ length: schema.minItems || 1 }, () => sampleOf(schema.items ?? { type: 'string' }));
    case 'object':
      return Object.fromEntries(
        (schema.required ?? []).map((name) => [name, sampleOf(schema.properties?.[name] ?? { type: 'string' })]),
      );
    default:
      return 'sample';
  }
}

/** A value of a JSON type that the schema does not allow; nothing when it allows every type. */
export function unfitFor(schema: JsonSchema): unknown {
  const types = typesOf(schema);
  if (types.size === 0) return undefined;
  if (!types.has('boolean')) return true;
  if (!types.has('number') && !types.has('integer')) return 7;
  return types.has('string') ? undefined : 'no such value';
}

/** The JSON types a schema speaks of, in itself or in its alternatives. */
export function typesOf(schema: JsonSchema): Set<string> {
  const own = schema.type === undefined ? [] : [schema.type];
  const parts = [...(schema.oneOf ?? []), ...(schema.anyOf ?? []), ...(schema.allOf ?? [])];
  return new Set([...own, ...parts.flatMap((part) => [...typesOf(part)])]);
}

/** `format` of a schema and of its parts, by short name. */
export function formatsOf(schema: JsonSchema): string[] {
  const parts = [...(schema.oneOf ?? []), ...(schema.anyOf ?? []), ...(schema.allOf ?? [])];
  return [schema.format?.replace(FORMAT_URI, ''), ...parts.flatMap(formatsOf)].filter((name) => name !== undefined);
}

/** Whether a value of the schema is bytes. */
export function isBinary({ type, format, contentEncoding }: JsonSchema): boolean {
  return (
    type === 'string' && (format === 'byte' || format === 'binary' || /^(binary|base64)$/.test(contentEncoding ?? ''))
  );
}

/** One occurrence of an input as it is sent: object values are qualified, unless a bbox (1.0 section 7.11.2.4). */
export function asSent(value: unknown): unknown {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject && !('bbox' in value) ? { value } : value;
}

export function isRepeatable({ maxOccurs = 1 }: InputDescription): boolean {
  return maxOccurs === 'unbounded' || maxOccurs > 1;
}

/** A value for each input that is required; nothing when one of them cannot be thought of. */
export function requiredInputs({ inputs = {} }: ProcessDescription): Record<string, unknown> | undefined {
  const required = Object.entries(inputs).filter(([, { minOccurs = 1 }]) => minOccurs > 0);
  const sent = required.map(([id, input]) => {
    const sample = sampleOf(input.schema);
    const value = sample === undefined ? undefined : asSent(sample);
    return [id, isRepeatable(input) ? Array.from({ length: input.minOccurs ?? 1 }, () => value) : value] as const;
  });
  return sent.some(([, value]) => value === undefined) ? undefined : Object.fromEntries(sent);
}
