import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';

/** A run of bytes; `end` is exclusive. */
export interface ByteSpan {
  readonly start: number;
  readonly end: number;
}

/** The bytes of a file that the service keeps, wherever it lies. */
export interface StoredBytes {
  /** Absolute path, where it is a file of this machine. */
  readonly path?: string;
  /** @returns nothing when the file is gone */
  size(): Promise<number | undefined>;
  /** @param span not empty @param signal ends the reading */
  read(span: ByteSpan, signal?: AbortSignal): Promise<Readable>;
}

/** A file of this machine. */
export class LocalBytes implements StoredBytes {
  /** @param path absolute */
  constructor(readonly path: string) {}

  async size(): Promise<number | undefined> {
    return (await stat(this.path).catch(() => undefined))?.size;
  }

  read({ start, end }: ByteSpan, signal?: AbortSignal): Promise<Readable> {
    return Promise.resolve(createReadStream(this.path, { start, end: end - 1, signal }));
  }
}
