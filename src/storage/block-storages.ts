import { resolve } from 'node:path';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Blocks } from '../blocks/blocks.js';
import { Settings } from '../config/settings.js';
import { DomainError } from '../ogc/problems/domain-error.js';
import { StorageBlock } from './blocks/storage-block.js';
import type { StorageBlockTools } from './blocks/storage-block-tools.js';
import { LocalFileSystemStorage } from './local/local-file-system-storage.js';
import { ReadOnlyStorage } from './read-only-storage.js';
import { StorageAddressPolicy } from './storage-address-policy.js';
import { StorageError } from './storage-error.js';
import type { Storage } from './storage.js';
import { DEFAULT_STORAGE, type StoragePlace, Storages } from './storages.js';

/** How long a storage stays open after its block was changed, for those who use it at that moment. Milliseconds. */
const RETIREMENT = 600_000;

/** Types of blocks that may cover a place such as `s3://bucket/key`. */
const TYPES_WITH_BUCKETS = ['s3', 'remote-file-system'];

interface OpenStorage {
  readonly revision: string;
  readonly storage: Promise<Storage>;
}

/** Opens the storages that blocks stand for, each once until its block is changed. Do not close them. */
@Injectable()
export class BlockStorages extends Storages implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(BlockStorages.name);
  private readonly opened = new Map<string, OpenStorage>();
  private readonly retired = new Map<Promise<Storage>, NodeJS.Timeout>();
  private readonly dataDirectory: Storage;
  readonly tools: StorageBlockTools;

  constructor(
    private readonly blocks: Blocks,
    private readonly settings: Settings,
    addresses: StorageAddressPolicy,
  ) {
    super();
    const dataDirectory = resolve(settings.DATA_DIR);
    this.tools = { addresses, dataDirectory, cacheDirectory: resolve(dataDirectory, 'storage-cache') };
    this.dataDirectory = new LocalFileSystemStorage(dataDirectory);
  }

  /** The block that STORAGE names. */
  get defaultRef(): string {
    return this.settings.STORAGE;
  }

  /** The storage that STORAGE names. Throws as {@link open} does. */
  default(): Promise<Storage> {
    return this.open(this.defaultRef);
  }

  /**
   * @param ref `<type>/<name>` of a block; `local-file-system/default` is DATA_DIR
   * @throws DomainError `no-such-block`, `block-unusable`; StorageError `misconfigured`, also for a block that is no
   *   storage
   */
  async open(ref: string): Promise<Storage> {
    if (ref === DEFAULT_STORAGE) return this.dataDirectory;
    const { revision, instance } = await this.blocks.get(ref);
    const before = this.opened.get(ref);
    if (before?.revision === revision) return await before.storage;
    if (!(instance instanceof StorageBlock)) {
      throw new StorageError('misconfigured', `The block ${ref}`, { detail: 'is no storage' });
    }
    const opening = { revision, storage: Promise.resolve(instance.open(this.tools)) };
    this.opened.set(ref, opening);
    if (before !== undefined) this.retire(before.storage);
    try {
      return await opening.storage;
    } catch (error) {
      // What the error speaks of may have changed at the next try.
      if (this.opened.get(ref) === opening) this.opened.delete(ref);
      throw error;
    }
  }

  override async allowsInputs(ref: string): Promise<boolean> {
    return (await this.blockThat('allowInputs', ref)) !== undefined;
  }

  override async allowsOutputs(ref: string): Promise<boolean> {
    return (await this.blockThat('allowOutputs', ref)) !== undefined;
  }

  override async covering(url: string): Promise<StoragePlace | undefined> {
    const places = (await this.blocks.sketches(TYPES_WITH_BUCKETS)).flatMap(({ ref, instance }): StoragePlace[] => {
      const key = instance instanceof StorageBlock && instance.allowInputs ? instance.keyOf(url) : undefined;
      return key === undefined ? [] : [{ ref, key }];
    });
    // The shorter the rest, the longer the prefix that the block covers.
    places.sort((one, other) => one.key.length - other.key.length);
    for (const place of places) if (await this.allowsInputs(place.ref)) return place;
    return undefined;
  }

  /** A storage that does not work yet is no reason not to start: it may come, or be configured, later. */
  async onApplicationBootstrap(): Promise<void> {
    const setting = `STORAGE=${this.defaultRef}`;
    try {
      const storage = await this.default();
      if (storage instanceof ReadOnlyStorage) {
        this.logger.warn(
          `${setting} can only be read: no file of a job can be kept there. Name a storage of another type.`,
        );
      }
    } catch (error) {
      this.logger.warn(`${setting} cannot be used yet: ${(error as Error).message}`);
    }
  }

  async onApplicationShutdown(): Promise<void> {
    for (const timer of this.retired.values()) clearTimeout(timer);
    const storages = [...this.retired.keys(), ...[...this.opened.values()].map(({ storage }) => storage)];
    this.opened.clear();
    await Promise.allSettled([...storages, this.dataDirectory].map(close));
  }

  private async blockThat(allows: 'allowInputs' | 'allowOutputs', ref: string): Promise<StorageBlock | undefined> {
    const block = await this.blocks.get(ref).catch((error: unknown) => {
      // A block that is not there, or cannot be used, allows nothing.
      if (error instanceof DomainError && error.code !== 'database-unavailable') return undefined;
      throw error;
    });
    return block?.instance instanceof StorageBlock && block.instance[allows] ? block.instance : undefined;
  }

  private retire(storage: Promise<Storage>): void {
    const timer = setTimeout(() => {
      this.retired.delete(storage);
      close(storage).catch((error: Error) => this.logger.warn(`A storage cannot be closed: ${error.message}`));
    }, RETIREMENT);
    this.retired.set(storage, timer.unref());
  }
}

async function close(storage: Storage | Promise<Storage>): Promise<void> {
  await (await storage).close();
}
