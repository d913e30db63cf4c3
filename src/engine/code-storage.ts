import { Readable } from 'node:stream';
import type { JobStorage, OutputContent, StorageObject, StoragePutOptions } from '../processes/job-context.js';
import { StorageError } from '../storage/storage-error.js';
import { checkKey } from '../storage/storage-key.js';
import type { Storage, StoredObject } from '../storage/storage.js';

/** Does what is asked of a storage. */
export type CarryOut = <T>(attempt: () => Promise<T>) => Promise<T>;

/** A storage as code may use it: below a prefix, which it does not see. */
export class CodeStorage implements JobStorage {
  /**
   * @param prefix empty, or with a slash at its end
   * @param carryOut does what is asked for, more than once where the storage is away
   */
  constructor(
    private readonly open: () => Promise<Storage>,
    private readonly prefix: string,
    private readonly carryOut: CarryOut = (attempt) => attempt(),
  ) {}

  async get(key: string): Promise<Readable> {
    const full = this.full(key);
    return await this.carryOut(async () => (await this.open()).get(full));
  }

  async put(key: string, content: OutputContent, options: StoragePutOptions = {}): Promise<StorageObject> {
    const full = this.full(key);
    const { mediaType, overwrite } = options;
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    const put = async () => (await this.open()).put(full, bytes, { mediaType, overwrite });
    // What can be read once only cannot be sent again.
    return this.seen(await (bytes instanceof Uint8Array ? this.carryOut(put) : put()));
  }

  async stat(key: string): Promise<StorageObject> {
    const full = this.full(key);
    return this.seen(await this.carryOut(async () => (await this.open()).stat(full)));
  }

  async *list(prefix = '', after?: string): AsyncGenerator<StorageObject> {
    const storage = await this.open();
    const objects = storage.list(this.prefix + confined(prefix), after === undefined ? undefined : this.full(after));
    for await (const object of objects) yield this.seen(object);
  }

  async delete(key: string): Promise<void> {
    const full = this.full(key);
    await this.carryOut(async () => (await this.open()).delete(full));
  }

  private full(key: string): string {
    // Before the prefix is put in front of it, so that nothing leads out of that.
    return this.prefix + checkKey(String(key));
  }

  private seen({ key, size, modified, mediaType }: StoredObject): StorageObject {
    return {
      key: key.slice(this.prefix.length),
      size,
      ...(modified !== undefined && { modified }),
      ...(mediaType !== undefined && { mediaType }),
    };
  }
}

/** A prefix is the beginning of a key, which may end anywhere in it. */
function confined(prefix: string): string {
  if (prefix.split('/').some((segment) => segment === '..' || segment === '.') || prefix.startsWith('/')) {
    throw new StorageError('invalid-key', JSON.stringify(prefix.slice(0, 100)));
  }
  return prefix;
}
