import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Violation } from '../ogc/problems/domain-error.js';
import type { RegisteredProcess } from '../processes/registered-process.js';
import { pointerPart } from '../ogc/json-pointer.js';
import type { ProducedOutput } from './execution-unit.js';
import { toJsonValue } from '../processes/json-value.js';
import { outputFileName, writeFileOnce } from './output-file.js';
import { valueContent, valueMediaType } from './output-media-type.js';
import { mediaTypeViolation, type WrittenOutputs } from './written-outputs.js';
import type { Stop } from './time-limit.js';

const NO_FILES: ReadonlySet<string> = new Set();

/** Where outputs are kept, and which. */
export interface OutputPlace {
  /** Says where, absolute, once a file is to be written. */
  readonly of: { readonly outputDirectory: string };
  /** ids of the outputs to keep; absent: all */
  readonly requested?: readonly string[];
  /** bytes of JSON beyond which a value is stored as a file */
  readonly inlineOutput: number;
  /** its signal stops writing when aborted */
  readonly stop: Stop;
}

/** The outputs by id, or everything that is wrong with them. */
export type Collected = { outputs: Record<string, ProducedOutput> } | { violations: Violation[] };

/**
 * Makes the outputs of an execution from what `execute` returned and what it wrote. All of it has to fit the
 * description; what was not requested is then dropped.
 *
 * A value becomes a file when its JSON is larger than `inlineOutput` bytes. Smaller ones stay values whatever
 * characters they hold: the column keeps JSON as it was written, with the escapes of NUL and lone surrogates. In a file
 * of text that is not JSON a lone surrogate becomes U+FFFD, because UTF-8 cannot write it.
 *
 * @param written what `execute` wrote; absent when it wrote nothing
 * @returns at once when nothing was written and no value is that large
 */
export function collectOutputs(
  process: RegisteredProcess,
  returned: unknown,
  written: WrittenOutputs | undefined,
  place: OutputPlace,
): Collected | Promise<Collected> {
  if (written !== undefined) return written.finish().then(() => collect(process, returned, written, place));
  return collect(process, returned, undefined, place);
}

function collect(
  process: RegisteredProcess,
  returned: unknown,
  written: WrittenOutputs | undefined,
  place: OutputPlace,
): Collected | Promise<Collected> {
  const violations: Violation[] = [];
  const values = returnedValues(returned, violations);
  const ids = Object.keys(values);
  const mediaTypes = ids.map((id) => valueMediaType(values[id], process.description.outputs[id]));
  if (written !== undefined) violations.push(...written.refusals(ids));
  addBadMediaTypes(ids, mediaTypes, violations);
  if (violations.length === 0) {
    const files = written === undefined ? NO_FILES : new Set(written.files.keys());
    violations.push(...process.validateOutputs(values, files));
  }
  if (violations.length > 0) return { violations };

  const isKept = (id: string) => place.requested === undefined || place.requested.includes(id);
  if (written !== undefined || ids.some((id) => isKept(id) && !isSmall(values[id], place.inlineOutput))) {
    return keepAll(process, { values, mediaTypes, isKept }, written, place);
  }
  const outputs: Record<string, ProducedOutput> = {};
  for (const [index, id] of ids.entries()) {
    if (isKept(id)) outputs[id] = { kind: 'value', value: values[id], mediaType: mediaTypes[index] };
  }
  return { outputs };
}

/** What was returned, and what of it was asked for. */
interface ReturnedValues {
  readonly values: Readonly<Record<string, unknown>>;
  /** in the order of the values */
  readonly mediaTypes: readonly string[];
  readonly isKept: (outputId: string) => boolean;
}

/** Puts large values into files, and drops the files that nobody asked for. */
async function keepAll(
  process: RegisteredProcess,
  { values, mediaTypes, isKept }: ReturnedValues,
  written: WrittenOutputs | undefined,
  { of, inlineOutput, stop }: OutputPlace,
): Promise<Collected> {
  const outputs: Record<string, ProducedOutput> = {};
  for (const [id, file] of written?.files ?? []) {
    if (isKept(id)) outputs[id] = file;
    else if (written!.isOwn(id)) await rm(file.path, { force: true });
  }
  for (const [index, [id, value]] of Object.entries(values).entries()) {
    if (!isKept(id)) continue;
    const mediaType = mediaTypes[index];
    if (isSmall(value, inlineOutput)) {
      outputs[id] = { kind: 'value', value, mediaType };
    } else {
      const path = join(of.outputDirectory, outputFileName(id));
      const content = valueContent(value, JSON.stringify(value), process.description.outputs[id]);
      const facts = await writeFileOnce(path, content, stop.signal);
      outputs[id] = { kind: 'file', path, ...facts, mediaType };
    }
  }
  return { outputs };
}

/** Whether the JSON of a value has at most `limit` bytes. No character of a text takes more than six there. */
function isSmall(value: unknown, limit: number): boolean {
  if (typeof value === 'string' && 6 * value.length + 2 <= limit) return true;
  return Buffer.byteLength(JSON.stringify(value)) <= limit;
}

/** The type of a returned value comes from the description, whose author may have mistaken it. */
function addBadMediaTypes(ids: readonly string[], mediaTypes: readonly string[], violations: Violation[]): void {
  for (const [index, id] of ids.entries()) {
    const violation = mediaTypeViolation(id, mediaTypes[index]);
    if (violation !== undefined) violations.push(violation);
  }
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
