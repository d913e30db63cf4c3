import { join, resolve } from 'node:path';
import { Global, Injectable, Module } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { LocalFileSystemStorage } from '../storage/local/local-file-system-storage.js';
import type { Storage } from '../storage/storage.js';
import { DEFAULT_STORAGE, Storages } from '../storage/storages.js';

/** Directories below DATA_DIR in the place of storages: what runs on this machine alone changes nothing elsewhere. */
@Injectable()
export class LocalStorages extends Storages {
  readonly defaultRef = DEFAULT_STORAGE;
  private readonly root: string;

  constructor({ DATA_DIR }: Settings) {
    super();
    this.root = resolve(DATA_DIR, 'local');
  }

  override allowsOutputs(): Promise<boolean> {
    return Promise.resolve(true);
  }

  open(ref: string): Promise<Storage> {
    return Promise.resolve(new LocalFileSystemStorage(join(this.root, ref)));
  }
}

@Global()
@Module({ providers: [{ provide: Storages, useClass: LocalStorages }], exports: [Storages] })
export class LocalStorageModule {}
