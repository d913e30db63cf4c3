import { text } from 'node:stream/consumers';
import { isJsonType, MediaType } from '../../ogc/media-type.js';
import { DomainError } from '../../ogc/problems/domain-error.js';
import type { OgcSchema } from '../../processes/process-description.js';
import { alternativesOf } from '../schema-alternatives.js';
import { requireFiles } from './content.js';
import type { ResultOutput } from './result-output.js';

/** Stored arrays up to this size, in bytes, are read to get at one of their values. */
const LARGEST_ARRAY = 16 * 1024 * 1024;

/** One value of an output, and what it looks like. */
export interface OutputValue {
  readonly output: ResultOutput;
  readonly schema: OgcSchema;
}

/**
 * The Nth value of an output (2.0 /req/core/job-result-op-Nth): of an array its items; any other output is its own
 * only value.
 * @param index from 0
 * @returns nothing when the output has fewer values
 * @throws DomainError `result-not-available` when a stored array is gone, or too large to be taken apart
 */
export async function outputValue(
  output: ResultOutput,
  schema: OgcSchema,
  index: number,
): Promise<OutputValue | undefined> {
  const values = await valuesOf(output, schema);
  if (values === undefined) return index === 0 ? { output, schema } : undefined;
  if (index >= values.length) return undefined;
  const items = arraySchema(schema)?.items ?? {};
  const mediaType = items.contentMediaType ?? MediaType.json;
  return { output: { id: output.id, kind: 'value', value: values[index], mediaType }, schema: items };
}

async function valuesOf(output: ResultOutput, schema: OgcSchema): Promise<unknown[] | undefined> {
  if (output.kind === 'value') return Array.isArray(output.value) ? output.value : undefined;
  if (arraySchema(schema) === undefined || !isJsonType(output.mediaType)) return undefined;
  if (output.size > LARGEST_ARRAY) {
    throw new DomainError('result-not-available', 'The output is too large for one of its values to be taken out.');
  }
  const { bytes, size } = output;
  await requireFiles([{ bytes, start: 0, end: size }]);
  const value: unknown = JSON.parse(await text(await bytes.read({ start: 0, end: size })));
  return Array.isArray(value) ? value : undefined;
}

function arraySchema(schema: OgcSchema): OgcSchema | undefined {
  return alternativesOf(schema).find((alternative) => alternative.schema.type === 'array')?.schema;
}
