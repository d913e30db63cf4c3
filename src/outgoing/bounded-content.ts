import { OutgoingError } from './outgoing-error.js';

/**
 * Passes content on until it grows over the limit.
 * @throws OutgoingError `too-large`
 */
export async function* bounded(source: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new OutgoingError('too-large');
    yield chunk;
  }
}
