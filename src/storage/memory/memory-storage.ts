import { createHash } from 'node:crypto';
import { readFile, unlink } from 'node:fs/promises';
import { addAbortSignal, Readable } from 'node:stream';
import { rangeWithin } from '../byte-range.js';
import { IncomingContent } from '../incoming-content.js';
import { type GetOptions, type PutOptions, Storage, type StorageContent, type StoredObject } from '../storage.js';
import { StorageError } from '../storage-error.js';
import { checkKey, checkPrefix, checkPrefixToRemove, compareKeys } from '../storage-key.js';

interface KeptObject {
  readonly bytes: Buffer;
  readonly described: StoredObject;
}

/** Keeps everything in the memory of this process, until that ends. For tests and trials. */
export class MemoryStorage extends Storage {
  private static readonly byName = new Map<string, MemoryStorage>();
  private readonly objects = new Map<string, KeptObject>();

  /** The same storage for the same name, within this process. */
  static named(name: string): MemoryStorage {
    const storage = MemoryStorage.byName.get(name) ?? new MemoryStorage();
    MemoryStorage.byName.set(name, storage);
    return storage;
  }

  async put(key: string, content: StorageContent, options: PutOptions = {}): Promise<StoredObject> {
    const incoming = new IncomingContent(key, content, options);
    try {
      checkKey(key);
      this.refuseExisting(key, options);
      const chunks: Uint8Array[] = [];
      for await (const chunk of incoming) chunks.push(chunk);
      options.signal?.throwIfAborted();
      this.refuseExisting(key, options);
      return this.keep(key, Buffer.concat(chunks), options.mediaType);
    } finally {
      incoming.release();
    }
  }

  get(key: string, { range, signal }: GetOptions = {}): Promise<Readable> {
    return attempt(() => {
      signal?.throwIfAborted();
      const { bytes } = this.find(key);
      const { start, end } = rangeWithin(bytes.length, range, key);
      const stream = Readable.from(start === end ? [] : [bytes.subarray(start, end)]);
      return signal === undefined ? stream : addAbortSignal(signal, stream);
    });
  }

  stat(key: string): Promise<StoredObject> {
    return attempt(() => this.find(key).described);
  }

  async *list(prefix: string, after?: string): AsyncGenerator<StoredObject> {
    checkPrefix(prefix);
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix)).sort(compareKeys);
    for (const key of keys) {
      const object = this.objects.get(key);
      if (object !== undefined && (after === undefined || compareKeys(key, after) > 0)) {
        yield await Promise.resolve(object.described);
      }
    }
  }

  delete(key: string): Promise<void> {
    return attempt(() => void this.objects.delete(checkKey(key)));
  }

  deleteAll(prefix: string): Promise<void> {
    return attempt(() => {
      checkPrefixToRemove(prefix);
      for (const key of this.objects.keys()) if (key.startsWith(prefix)) this.objects.delete(key);
    });
  }

  copy(from: string, to: string): Promise<StoredObject> {
    return attempt(() => {
      const { bytes, described } = this.find(from);
      return this.keep(checkKey(to), bytes, described.mediaType);
    });
  }

  test(): Promise<void> {
    return Promise.resolve();
  }

  async adopt(key: string, path: string, options: PutOptions = {}): Promise<StoredObject> {
    checkKey(key);
    const stored = await this.put(key, await readFile(path), options);
    await unlink(path);
    return stored;
  }

  private keep(key: string, bytes: Buffer, mediaType: string | undefined): StoredObject {
    const etag = createHash('sha256').update(bytes).digest('hex');
    const described = { key, size: bytes.length, modified: new Date(), etag, mediaType };
    this.objects.set(key, { bytes, described });
    return described;
  }

  private find(key: string): KeptObject {
    const object = this.objects.get(checkKey(key));
    if (object === undefined) throw new StorageError('not-found', key);
    return object;
  }

  private refuseExisting(key: string, { overwrite = true }: PutOptions): void {
    if (!overwrite && this.objects.has(key)) throw new StorageError('exists', key);
  }
}

function attempt<T>(act: () => T): Promise<T> {
  return new Promise((resolve) => resolve(act()));
}
