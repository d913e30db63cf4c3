/** Length of the base64 text of so many bytes. */
export function base64Length(bytes: number): number {
  return Math.ceil(bytes / 3) * 4;
}

/** The base64 text of a stream of bytes, chunk by chunk, so that a file of any size needs the memory of one chunk. */
export async function* base64Of(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0);
  for await (const chunk of bytes) {
    const joined =
      rest.length > 0 ? Buffer.concat([rest, chunk]) : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    // Three bytes make four characters; what is left over waits for the next chunk.
    const whole = joined.length - (joined.length % 3);
    if (whole > 0) yield Buffer.from(joined.toString('base64', 0, whole), 'latin1');
    rest = Buffer.from(joined.subarray(whole));
  }
  if (rest.length > 0) yield Buffer.from(rest.toString('base64'), 'latin1');
}
