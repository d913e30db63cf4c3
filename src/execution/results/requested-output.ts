import type { RequestedOutput } from '../../jobs/job.types.js';
import { isJsonType } from '../../ogc/media-type.js';
import type { OgcSchema, OutputDescription } from '../../processes/process-description.js';
import type { RegisteredProcess } from '../../processes/registered-process.js';
import { schemaNamed } from '../schema-alternatives.js';
import { isAvailable } from './output-format.js';
import type { ResultOutput } from './result-output.js';
import { storedValue } from './stored-value.js';

/**
 * The outputs of a job as they are described. Of those that its process no longer has, or that belong to a process which is no
 * longer offered, only that they are there.
 */
export function describedOutputs(
  produced: readonly ResultOutput[],
  process: RegisteredProcess | undefined,
): Readonly<Record<string, OutputDescription>> {
  const described = process?.description.outputs ?? {};
  if (produced.every(({ id }) => Object.hasOwn(described, id))) return described;
  return { ...Object.fromEntries(produced.map(({ id }) => [id, { schema: {} }])), ...described };
}

/** The schema that an existing output is sent by: the one that the request names, if the description still has it. */
export function requestedSchema({ schema: named }: Pick<RequestedOutput, 'schema'>, described: OgcSchema): OgcSchema {
  return named === undefined ? described : (schemaNamed(described, named) ?? described);
}

/**
 * What was produced, with the values of files that can be had in the requested format only so. What the run made in another
 * media type than the request names stays as it is.
 * @throws DomainError `result-not-available` when such a file is gone
 */
export async function producedAsRequested(
  produced: readonly ResultOutput[],
  requested: readonly RequestedOutput[] | undefined,
  described: Readonly<Record<string, OutputDescription>>,
): Promise<readonly ResultOutput[]> {
  const named = requested?.filter(({ mediaType }) => mediaType !== undefined) ?? [];
  if (named.length === 0) return produced;
  return await Promise.all(
    produced.map(async (output) => {
      const selection = named.find(({ id }) => id === output.id);
      if (selection === undefined) return output;
      const schema = requestedSchema(selection, described[output.id].schema);
      return await asRequested(output, schema, selection.mediaType);
    }),
  );
}

/**
 * One output likewise.
 * @param mediaType that the request names
 */
export async function asRequested(
  output: ResultOutput,
  schema: OgcSchema,
  mediaType: string | undefined,
): Promise<ResultOutput> {
  if (mediaType === undefined || output.kind === 'value' || isAvailable(output, schema, mediaType)) return output;
  // Formats go by the kind of a value, and text that is no JSON is a string: that needs no reading.
  const { id, mediaType: made } = output;
  const asText: ResultOutput = { id, kind: 'value', value: '', mediaType: made, ofFile: true };
  if (!isJsonType(made) && !isAvailable(asText, schema, mediaType)) return output;
  const value = await storedValue(output);
  return value !== undefined && isAvailable(value, schema, mediaType) ? value : output;
}
