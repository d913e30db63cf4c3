import { buffer } from 'node:stream/consumers';
import { isJsonType, isTextType } from '../../ogc/media-type.js';
import { requireFiles } from './content.js';
import type { ResultOutput } from './result-output.js';

/** bytes: files of JSON or text up to this size are read where their value is wanted */
const LARGEST_TEXT = 16 * 1024 * 1024;

type FileOutput = Extract<ResultOutput, { kind: 'file' }>;
type ValueOutput = Extract<ResultOutput, { kind: 'value' }>;

/**
 * The output as the value that a file of JSON or text holds: what was returned by a process and is too large for the database.
 * @returns nothing when the file is larger than 16 MiB, of another type, or not what its media type says
 * @throws DomainError `result-not-available` when the file is gone
 */
export async function storedValue({ id, bytes, size, mediaType }: FileOutput): Promise<ValueOutput | undefined> {
  if (size > LARGEST_TEXT || !(isJsonType(mediaType) || isTextType(mediaType))) return undefined;
  await requireFiles([{ bytes, start: 0, end: size }]);
  try {
    const content = size === 0 ? Buffer.alloc(0) : await buffer(await bytes.read({ start: 0, end: size }));
    const text = new TextDecoder('utf-8', { fatal: true }).decode(content);
    const value = isJsonType(mediaType) ? (JSON.parse(text) as unknown) : text;
    return { id, kind: 'value', value, mediaType, ofFile: true };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}

/**
 * The same outputs with the values of their files, for a client that wants one in another format than its file has.
 * @returns nothing when there is no such file
 */
export async function withStoredValues(outputs: readonly ResultOutput[]): Promise<ResultOutput[] | undefined> {
  const read = await Promise.all(
    outputs.map(async (output) => (output.kind === 'file' ? ((await storedValue(output)) ?? output) : output)),
  );
  return read.some((output, index) => output !== outputs[index]) ? read : undefined;
}
