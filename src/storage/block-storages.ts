import { resolve } from 'node:path';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Blocks } from '../blocks/blocks.js';
import { Settings } from '../config/settings.js';
import { DomainError } from '../ogc/problems/domain-error.js';
import { LocalFileSystemStorage } from './local/local-file-system-storage.js';
import { StorageAddressPolicy } from './storage-address-policy.js';
import { StorageBlock } from './storage-block.js';
import { StorageError } from './storage-error.js';
import type { Storage } from './storage.js';
import { DEFAULT_STORAGE, Storages } from './storages.js';

/** Storages as blocks describe them, each opened once and anew when its block has changed. */
@Injectable()
export class BlockStorages extends Storages implements OnApplicationShutdown {
  readonly defaultRef: string;
  private readonly opened = new Map<string, { readonly revision: string; readonly storage: Storage }>();
  private readonly local: Storage;

  constructor(
    private readonly blocks: Blocks,
    private readonly addresses: StorageAddressPolicy,
    { STORAGE, DATA_DIR }: Settings,
  ) {
    super();
    this.defaultRef = STORAGE;
    this.local = new LocalFileSystemStorage(resolve(DATA_DIR));
  }

  async open(ref: string): Promise<Storage> {
    if (ref === DEFAULT_STORAGE) return this.local;
    const { instance, revision } = await this.blocks.get(ref).catch((error: unknown) => {
      if (!(error instanceof DomainError) || error.code === 'database-unavailable') throw error;
      throw new StorageError('misconfigured', `The storage ${ref}`, { cause: error, detail: 'cannot be opened' });
    });
    const known = this.opened.get(ref);
    if (known?.revision === revision) return known.storage;
    if (!(instance instanceof StorageBlock)) {
      throw new StorageError('misconfigured', `The block ${ref}`, { detail: 'is no storage' });
    }
    const storage = instance.open({ addresses: this.addresses });
    this.opened.set(ref, { revision, storage });
    // Streams that were opened with it end by themselves.
    void known?.storage.close().catch(() => undefined);
    return storage;
  }

  async onApplicationShutdown(): Promise<void> {
    for (const { storage } of this.opened.values()) await storage.close().catch(() => undefined);
  }
}
