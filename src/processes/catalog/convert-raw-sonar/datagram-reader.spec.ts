import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { START, datagram } from '../../../../test/harness/ek60-generator.js';
import { DatagramReader, MAX_DATAGRAM_BYTES } from './datagram-reader.js';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-datagrams-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function read(bytes: Uint8Array, signal = new AbortController().signal, onRead?: (bytes: number) => void) {
  const path = join(directory, 'file.raw');
  await writeFile(path, bytes);
  const found: { offset: number; type: string; time: bigint; body: Buffer }[] = [];
  for await (const one of DatagramReader.read(path, signal, onRead))
    found.push({ ...one, body: Buffer.from(one.body) });
  return found;
}

describe(DatagramReader.name, () => {
  it('yields offset, type, time and body of every datagram', async () => {
    const first = datagram('NME0', Buffer.from('abc'));
    const second = datagram('XYZ1', Buffer.alloc(0), START + 100n);
    expect(await read(Buffer.concat([first, second]))).toEqual([
      { offset: 0, type: 'NME0', time: START, body: Buffer.from('abc') },
      { offset: first.length, type: 'XYZ1', time: START + 100n, body: Buffer.alloc(0) },
    ]);
  });

  it('reads datagrams that straddle the window or are larger than it', async () => {
    const sizes = [700_000, 700_000, 3_000_000, 5, 1_200_000];
    const parts = sizes.map((size, index) => datagram('RAW0', Buffer.alloc(size, index + 1)));
    const found = await read(Buffer.concat(parts));
    expect(found.map(({ body }) => body.length)).toEqual(sizes);
    found.forEach(({ body }, index) => expect(body.every((byte) => byte === index + 1)).toBe(true));
  });

  it('reports the bytes read, up to the size of the file', async () => {
    const reports: number[] = [];
    const bytes = Buffer.concat(Array.from({ length: 5 }, () => datagram('RAW0', Buffer.alloc(600_000))));
    await read(bytes, undefined, (count) => reports.push(count));
    expect(reports).toEqual([...reports].sort((a, b) => a - b));
    expect(reports.length).toBeGreaterThan(2);
    expect(reports.at(-1)).toBe(bytes.length);
  });

  it('yields nothing for an empty file', async () => {
    expect(await read(Buffer.alloc(0))).toEqual([]);
  });

  const sound = datagram('NME0', Buffer.from('abcd'));
  const patched = (at: number, value: number) => {
    const bytes = Buffer.from(sound);
    bytes.writeInt32LE(value, at);
    return Buffer.concat([sound, bytes]);
  };
  it.each([
    ['a length of zero', patched(0, 0), 'declares a length of 0'],
    ['a negative length', patched(0, -8), 'declares a length of -8'],
    ['the smallest length', patched(0, -(2 ** 31)), 'declares a length of -2147483648'],
    ['a length above the limit', patched(0, 2 ** 31 - 1), `at most ${MAX_DATAGRAM_BYTES}`],
    ['a length beyond the end', patched(0, 5000), 'truncated; a datagram needs 5008 bytes, but only 24 are left'],
    ['a trailing length that differs', patched(sound.length - 4, 17), 'ends with the length 17'],
    ['an end amid a datagram', Buffer.concat([sound, sound.subarray(0, 15)]), 'only 15 are left'],
    ['an end amid a length', Buffer.concat([sound, Buffer.alloc(3)]), 'truncated; 3 bytes are left over'],
  ])('rejects %s and names the byte', async (_, bytes, message) => {
    const reading = read(bytes);
    await expect(reading).rejects.toMatchObject({ name: 'ProcessRejection', input: 'rawFile' });
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.toThrow(`At byte ${sound.length} `);
  });

  it.each([
    ['1601', 0n],
    ['30828', 2n ** 63n],
    ['60056', 2n ** 64n - 1n],
  ])('rejects a time that nanoseconds since 1970 cannot hold (%s)', async (_, filetime) => {
    const bytes = Buffer.from(sound);
    bytes.writeBigUInt64LE(filetime, 8);
    await expect(read(bytes)).rejects.toThrow(`FILETIME ${filetime}`);
  });

  it('stops with the reason of an aborted signal', async () => {
    await expect(read(sound, AbortSignal.abort(new Error('dismissed')))).rejects.toThrow('dismissed');
  });
});
