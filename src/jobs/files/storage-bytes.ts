import type { Readable } from 'node:stream';
import { StorageError } from '../../storage/storage-error.js';
import type { Storage } from '../../storage/storage.js';
import { storageFailure } from '../../storage/storage-unavailable.js';
import type { ByteSpan, StoredBytes } from './stored-bytes.js';

/** An object in a storage. That its block is gone or cannot be used is the storage's failure, not the client's. */
export class StorageBytes implements StoredBytes {
  constructor(
    private readonly storage: () => Promise<Storage>,
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

  /** @throws DomainError `storage-unavailable` */
  private async open(): Promise<Storage> {
    try {
      return await this.storage();
    } catch (error) {
      throw storageFailure(error);
    }
  }
}
