import type { Readable } from 'node:stream';
import { StorageError } from '../../storage/storage-error.js';
import type { Storage } from '../../storage/storage.js';
import type { ByteSpan, StoredBytes } from './stored-bytes.js';

/** An object in a storage. */
export class StorageBytes implements StoredBytes {
  constructor(
    private readonly open: () => Promise<Storage>,
    readonly key: string,
  ) {}

  async size(): Promise<number | undefined> {
    try {
      return (await (await this.open()).stat(this.key)).size;
    } catch (error) {
      if (error instanceof StorageError && error.fault === 'not-found') return undefined;
      throw error;
    }
  }

  async read(range: ByteSpan, signal?: AbortSignal): Promise<Readable> {
    return await (await this.open()).get(this.key, { range, signal });
  }
}
