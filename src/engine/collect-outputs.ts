import { join } from 'node:path';
import type { Violation } from '../ogc/problems/domain-error.js';
import type { RegisteredProcess } from '../processes/registered-process.js';
import { pointerPart } from '../processes/validation/violation-writer.js';
import type { ProducedOutput } from './execution-unit.js';
import { toJsonValue } from './json-value.js';
import { outputFileName, writeFileOnce } from './output-file.js';
import { valueContent, valueMediaType } from './output-media-type.js';
import { mediaTypeViolation, type WrittenOutputs } from './written-outputs.js';

export type Collected = { outputs: Record<string, ProducedOutput> } | { violations: Violation[] };

/**
 * Makes the outputs of an execution from what `execute` returned and what it wrote.
 *
 * A value becomes a file when its JSON is larger than `inlineOutput` bytes. Smaller ones stay values whatever
 * characters they hold: the column keeps JSON as it was written, with the escapes of NUL and lone surrogates. In a file
 * of text that is not JSON a lone surrogate becomes U+FFFD, because UTF-8 cannot write it.
 */
export async function collectOutputs(
  process: RegisteredProcess,
  returned: unknown,
  written: WrittenOutputs,
  directory: string,
  inlineOutput: number,
  signal: AbortSignal,
): Promise<Collected> {
  await written.finish();
  const violations: Violation[] = [];
  const values = returnedValues(returned, violations);
  violations.push(...written.refusals(Object.keys(values)), ...badMediaTypes(process, values));
  if (violations.length === 0) {
    violations.push(...process.validateOutputs(values, new Set(written.files.keys())));
  }
  if (violations.length > 0) return { violations };

  const outputs: Record<string, ProducedOutput> = Object.fromEntries(written.files);
  for (const [id, value] of Object.entries(values)) {
    const description = process.description.outputs[id];
    const mediaType = valueMediaType(value, description);
    const json = JSON.stringify(value);
    if (Buffer.byteLength(json) <= inlineOutput) {
      outputs[id] = { kind: 'value', value, mediaType };
    } else {
      const path = join(directory, outputFileName(id));
      const facts = await writeFileOnce(path, valueContent(value, json, description), signal);
      outputs[id] = { kind: 'file', path, ...facts, mediaType };
    }
  }
  return { outputs };
}

/** The type of a returned value comes from the description, whose author may have mistaken it. */
function badMediaTypes({ description }: RegisteredProcess, values: Record<string, unknown>): Violation[] {
  return Object.entries(values).flatMap(
    ([id, value]) => mediaTypeViolation(id, valueMediaType(value, description.outputs[id])) ?? [],
  );
}

function returnedValues(returned: unknown, violations: Violation[]): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  if (returned === undefined || returned === null) return values;
  if (typeof returned !== 'object' || Array.isArray(returned)) {
    violations.push({ pointer: '/outputs', detail: 'must be an object with one member per output' });
    return values;
  }
  for (const [id, value] of Object.entries(returned)) {
    if (value !== undefined) values[id] = toJsonValue(value, `/outputs/${pointerPart(id)}`, violations);
  }
  return values;
}
