import { Injectable } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { StorageError } from './storage-error.js';
import { LocalFileSystemStorage } from './local/local-file-system-storage.js';
import type { Storage } from './storage.js';
import { DEFAULT_STORAGE, Storages } from './storages.js';

/** Nothing but DATA_DIR. */
@Injectable()
export class DataDirStorages extends Storages {
  readonly defaultRef: string;

  private readonly dataDir: Storage;

  constructor({ STORAGE, DATA_DIR }: Settings) {
    super();
    this.dataDir = new LocalFileSystemStorage(DATA_DIR);
    this.defaultRef = STORAGE;
  }

  open(ref: string): Promise<Storage> {
    if (ref === DEFAULT_STORAGE) return Promise.resolve(this.dataDir);
    return Promise.reject(new StorageError('misconfigured', ref));
  }
}
