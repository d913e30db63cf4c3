import { describe, expect, it } from '@jest/globals';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { contentDecoders, decoded } from './content-decoding.js';

const decode = (bytes: Buffer, encoding: string) => decoded(Readable.from([bytes]), contentDecoders(encoding));

describe('content that is encoded', () => {
  it('is decoded, the last encoding first', async () => {
    const bytes = brotliCompressSync(gzipSync('tides'));
    expect(await text(decode(bytes, 'gzip, br'))).toBe('tides');
  });

  it.each([
    ['gzip', gzipSync('tides').subarray(0, 12)],
    ['br', brotliCompressSync('tides').subarray(0, 4)],
    ['gzip', Buffer.from('no gzip at all')],
  ])('in %s that is broken is told to whoever reads it, also when nobody does so yet', async (encoding, bytes) => {
    const content = decode(bytes, encoding);
    await new Promise((closed) => content.once('close', closed));
    await expect(text(content)).rejects.toThrow();
  });
});
