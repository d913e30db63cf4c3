import { Readable } from 'node:stream';
import type { GetOptions } from './storage.js';
import { StorageError } from './storage-error.js';

/**
 * The bytes of a range out of all bytes.
 * @throws StorageError `not-found` when it begins behind the end
 */
export async function slice(
  source: Readable,
  { start, end = Infinity }: NonNullable<GetOptions['range']>,
  key: string,
): Promise<Readable> {
  const parts = cut(source, start, end);
  const first = await parts.next();
  if (first.done === true && start > 0) {
    throw new StorageError('not-found', key, { detail: 'ends before that range' });
  }
  const all = async function* () {
    if (first.done === true) return;
    yield first.value;
    yield* parts;
  };
  const target = Readable.from(all());
  target.once('close', () => source.destroy());
  return target;
}

async function* cut(source: Readable, start: number, end: number): AsyncGenerator<Buffer> {
  let position = 0;
  for await (const chunk of source as AsyncIterable<Buffer>) {
    const part = chunk.subarray(Math.max(0, start - position), Math.max(0, end - position));
    position += chunk.length;
    if (part.length > 0) yield part;
    if (position >= end) return;
  }
}
