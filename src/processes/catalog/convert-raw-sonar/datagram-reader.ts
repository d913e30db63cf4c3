import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { ProcessRejection } from '../../process-rejection.js';

/** One record of a Simrad raw file. */
export interface Datagram {
  /** Where it begins in the file, in bytes. */
  readonly offset: number;
  /** Four characters, for instance `RAW0`; characters outside printable ASCII are shown as `?`. */
  readonly type: string;
  /** When the sounder wrote it: nanoseconds since 1970-01-01T00:00:00Z. */
  readonly time: bigint;
  /** What follows type and time. Valid until the next datagram is read. */
  readonly body: Buffer;
}

/** Longest datagram that is read. An EK60 ping of the longest supported range needs half of it. */
export const MAX_DATAGRAM_BYTES = 8 * 1024 * 1024;

const WINDOW_BYTES = 1024 * 1024;
const LENGTH_BYTES = 4;
const HEADER_BYTES = 12;
/** 1970-01-01 as a Windows FILETIME: 100 ns steps since 1601-01-01. */
const UNIX_EPOCH_AS_FILETIME = 116_444_736_000_000_000n;
const MAX_INT64 = 2n ** 63n - 1n;

/** A fault of the file, at a place in it. The place is part of the message, so a client can look it up. */
export function malformed(offset: number, fault: string): ProcessRejection {
  return new ProcessRejection(`At byte ${offset} of the raw file: ${fault}`, 'rawFile');
}

/**
 * Reads the datagrams of a raw file one after the other through a window of fixed size. The window grows only for a
 * single datagram that does not fit, up to {@link MAX_DATAGRAM_BYTES}, and never beyond what the file really holds.
 *
 * Layout of a datagram, little-endian: int32 length, 4 characters type, 2 x uint32 FILETIME (low, high), body, and the
 * same int32 length again; the length counts type, time and body.
 */
export class DatagramReader {
  private window = Buffer.alloc(WINDOW_BYTES);
  /** File offset of the first byte of the window. */
  private base = 0;
  private filled = 0;

  private constructor(
    private readonly handle: FileHandle,
    readonly size: number,
    private readonly signal: AbortSignal,
    private readonly onRead: (bytes: number) => void,
  ) {}

  /**
   * Yields every datagram of the file and closes it at the end, also when the consumer stops early.
   *
   * @param onRead hears how many bytes have been taken from the file so far
   * @throws ProcessRejection when the file is truncated or its lengths contradict each other
   * @throws the signal's reason when it is aborted
   */
  static async *read(
    path: string,
    signal: AbortSignal,
    onRead: (bytes: number) => void = () => undefined,
  ): AsyncGenerator<Datagram> {
    const handle = await open(path, 'r');
    try {
      const { size } = await handle.stat();
      const reader = new DatagramReader(handle, size, signal, onRead);
      let offset = 0;
      while (offset < size) {
        const { datagram, next } = await reader.at(offset);
        yield datagram;
        offset = next;
      }
    } finally {
      await handle.close();
    }
  }

  private async at(offset: number): Promise<{ datagram: Datagram; next: number }> {
    const rest = this.size - offset;
    if (rest < LENGTH_BYTES) throw malformed(offset, `the file is truncated; ${rest} bytes are left over.`);
    const length = (await this.bytes(offset, LENGTH_BYTES)).readInt32LE(0);
    if (length < HEADER_BYTES) throw malformed(offset, `a datagram declares a length of ${length} bytes.`);
    if (length > MAX_DATAGRAM_BYTES) {
      throw malformed(offset, `a datagram declares ${length} bytes; at most ${MAX_DATAGRAM_BYTES} are supported.`);
    }
    const whole = length + 2 * LENGTH_BYTES;
    if (whole > rest) {
      throw malformed(offset, `the file is truncated; a datagram needs ${whole} bytes, but only ${rest} are left.`);
    }
    const bytes = await this.bytes(offset, whole);
    const trailer = bytes.readInt32LE(whole - LENGTH_BYTES);
    if (trailer !== length) {
      throw malformed(offset, `a datagram of length ${length} ends with the length ${trailer}; the file is damaged.`);
    }
    const datagram = {
      offset,
      type: bytes.toString('latin1', 4, 8).replace(/[^\x20-\x7e]/g, '?'),
      time: unixTime(bytes.readBigUInt64LE(8), offset),
      body: bytes.subarray(LENGTH_BYTES + HEADER_BYTES, whole - LENGTH_BYTES),
    };
    return { datagram, next: offset + whole };
  }

  private async bytes(offset: number, count: number): Promise<Buffer> {
    if (offset + count > this.base + this.filled) await this.refill(offset, count);
    const start = offset - this.base;
    return this.window.subarray(start, start + count);
  }

  private async refill(offset: number, count: number): Promise<void> {
    this.signal.throwIfAborted();
    const kept = Math.max(0, this.base + this.filled - offset);
    const target = count > this.window.length ? Buffer.alloc(count) : this.window;
    this.window.copy(target, 0, this.filled - kept, this.filled);
    this.window = target;
    this.base = offset;
    this.filled = kept;
    while (this.filled < count) {
      const position = this.base + this.filled;
      const { bytesRead } = await this.handle.read(target, this.filled, target.length - this.filled, position);
      if (bytesRead === 0) throw malformed(position, 'the file became shorter while it was read.');
      this.filled += bytesRead;
    }
    this.onRead(Math.min(this.size, this.base + this.filled));
  }
}

function unixTime(filetime: bigint, offset: number): bigint {
  const time = (filetime - UNIX_EPOCH_AS_FILETIME) * 100n;
  if (time > MAX_INT64 || time < -MAX_INT64) {
    throw malformed(offset, `a datagram's time (FILETIME ${filetime}) lies outside the years 1678 to 2262.`);
  }
  return time;
}
