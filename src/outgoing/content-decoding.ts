import { pipeline, Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { OutgoingError } from './outgoing-error.js';

/** What is sent as `Accept-Encoding`. */
export const ACCEPTED_ENCODINGS = 'gzip, deflate, br';

/** Encodings stacked on one another are a way to multiply a bomb; nobody needs more than this. */
const MAX_LAYERS = 2;

const DECODERS: Record<string, () => Transform> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/**
 * The streams that undo a `Content-Encoding`, in the order they are to be applied.
 * @throws OutgoingError `encoding` for one that was not asked for
 */
export function contentDecoders(header: string | undefined): Transform[] {
  const names = (header ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '' && name !== 'identity');
  if (names.length > MAX_LAYERS || names.some((name) => !Object.hasOwn(DECODERS, name))) {
    throw new OutgoingError('encoding');
  }
  return names.reverse().map((name) => DECODERS[name]());
}

/**
 * Sends content through decoders. What is wrong with it is told to whoever reads the result, also when it comes to light before
 * anybody does.
 * @param decoders one at least
 */
export function decoded(content: AsyncIterable<Uint8Array>, decoders: readonly Transform[]): Readable {
  const result = pipeline([Readable.from(content), ...decoders], () => undefined) as unknown as Readable;
  // A decoder takes everything in before it finds that something is missing. By then the pipeline has let go of it.
  return result.on('error', () => undefined);
}
