import { Injectable } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { StorageError } from './storage-error.js';
import { Storages } from './storages.js';

/** Nothing but DATA_DIR. */
@Injectable()
export class DataDirStorages extends Storages {
  readonly defaultRef: string;

  constructor({ STORAGE }: Settings) {
    super();
    this.defaultRef = STORAGE;
  }

  open(ref: string): Promise<never> {
    return Promise.reject(new StorageError('misconfigured', ref));
  }
}
