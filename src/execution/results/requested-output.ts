import type { RequestedOutput } from '../../jobs/job.types.js';
import type { OgcSchema, OutputDescription } from '../../processes/process-description.js';
import { schemaNamed } from '../schema-alternatives.js';
import { isAvailable } from './output-format.js';
import type { ResultOutput } from './result-output.js';
import { withStoredValues } from './stored-value.js';

/** Of an output that was described when the job began: its process may be published anew without it. */
export const UNDESCRIBED: OutputDescription = { schema: {} };

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
      const schema = requestedSchema(selection, (described[output.id] ?? UNDESCRIBED).schema);
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
  const [value] = (await withStoredValues([output])) ?? [output];
  return isAvailable(value, schema, mediaType) ? value : output;
}
