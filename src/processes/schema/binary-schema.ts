import type { OgcSchema } from '../process-description.js';

const BINARY_FORMATS = new Set(['byte', 'binary']);
const BINARY_ENCODINGS = new Set(['base64', 'binary']);

/**
 * Whether a schema describes bytes and nothing else: a string with `format: byte` or `binary`, or with
 * `contentEncoding: base64` or `binary`. Such an input reaches a process as an `InputFile`.
 */
export function isBinarySchema(schema: OgcSchema): boolean {
  return (
    schema.type === 'string' &&
    (BINARY_FORMATS.has(schema.format ?? '') || BINARY_ENCODINGS.has(schema.contentEncoding?.toLowerCase() ?? ''))
  );
}

/** The binary alternatives of a schema: the schema itself, or branches of its `oneOf` and `anyOf`. */
export function binaryAlternatives(schema: OgcSchema): OgcSchema[] {
  if (isBinarySchema(schema)) return [schema];
  return [...(schema.oneOf ?? []), ...(schema.anyOf ?? [])].flatMap(binaryAlternatives);
}
