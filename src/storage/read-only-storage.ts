import { Readable } from 'node:stream';
import { type PutOptions, Storage, type StorageContent, type StoredObject } from './storage.js';
import { StorageError } from './storage-error.js';

/** What storages have in common that somebody else fills. */
export abstract class ReadOnlyStorage extends Storage {
  put(key: string, content: StorageContent, _options?: PutOptions): Promise<StoredObject> {
    if (content instanceof Readable) content.destroy();
    return refuse(key);
  }

  delete(key: string): Promise<void> {
    return refuse(key);
  }

  deleteAll(prefix: string): Promise<void> {
    return refuse(prefix);
  }

  copy(_from: string, to: string): Promise<StoredObject> {
    return refuse(to);
  }

  adopt(key: string, _path: string, _options?: PutOptions): Promise<StoredObject> {
    return refuse(key);
  }
}

function refuse(key: string): Promise<never> {
  return Promise.reject(new StorageError('read-only', key));
}
