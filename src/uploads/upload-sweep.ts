import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { validate as isUuid } from 'uuid';
import { isDatabaseUnavailable } from '../database/database-unavailable.js';
import { DEFAULT_STORAGE, Storages } from '../storage/storages.js';
import { storageFailure } from '../storage/storage-unavailable.js';
import { type UploadRow, Uploads } from './store/uploads.js';
import { UPLOAD_KEYS, uploadOf } from './upload-key.js';
import { UploadPlaces } from './upload-places.js';
import { UploadService } from './upload.service.js';

/** Milliseconds between two rounds. */
const INTERVAL = 60_000;
/** Of what no row knows, only what is older goes: a database may be restored while its files are there. Milliseconds. */
const SETTLED = 24 * 3_600_000;
/** Uploads that are looked at together. */
const MOST_AT_ONCE = 500;

/**
 * Removes uploads whose time has passed, and bytes on this node that no row knows any more, whether they have arrived in
 * full or not: a row comes before its bytes. Every node with an API does it: DATA_DIR may be its own. An upload whose
 * storage cannot be reached keeps its row, and is found again in the next round.
 */
@Injectable()
export class UploadSweep implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(UploadSweep.name);
  private timer: NodeJS.Timeout | undefined;
  private sweeping: Promise<void> | undefined;

  constructor(
    private readonly service: UploadService,
    private readonly uploads: Uploads,
    private readonly places: UploadPlaces,
    private readonly storages: Storages,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.sweeping ??= this.sweep()
        .catch((error: unknown) => this.tell(error))
        .finally(() => (this.sweeping = undefined));
    }, INTERVAL);
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.sweeping;
  }

  /** One round. @throws the error of the database */
  async sweep(): Promise<void> {
    let after: UploadRow | undefined;
    do {
      after = await this.removeExpired(after);
    } while (after !== undefined);
    const ids = (await this.places.ids()).filter((id) => isUuid(id));
    const known = await this.uploads.known(ids);
    for (const id of ids) if (!known.has(id)) await this.places.remove(id);
    await this.removeUnknown();
  }

  /** Of what was moved to DATA_DIR. In other storages the leading node looks, see `StorageOrphans`. */
  private async removeUnknown(): Promise<void> {
    const here = await this.storages.open(DEFAULT_STORAGE);
    const keys = new Map<string, string>();
    for await (const { key, modified } of here.list(UPLOAD_KEYS)) {
      const id = uploadOf(key);
      const isOld = modified !== undefined && Date.now() - modified.getTime() > SETTLED;
      if (id !== undefined && isOld) keys.set(id, key);
    }
    if (keys.size === 0) return;
    const known = await this.uploads.known([...keys.keys()]);
    for (const [id, key] of keys) if (!known.has(id)) await here.delete(key);
  }

  /** @returns where to go on; nothing when these were the last */
  private async removeExpired(after: UploadRow | undefined): Promise<UploadRow | undefined> {
    const uploads = await this.uploads.expired(MOST_AT_ONCE, after);
    for (const upload of uploads) {
      try {
        await this.service.discard(upload);
      } catch (error) {
        const failure = storageFailure(error);
        if (failure === error) throw error;
        this.logger.warn(`The upload ${upload.id} cannot be removed now: ${(failure as Error).message}`);
      }
    }
    return uploads.length < MOST_AT_ONCE ? undefined : uploads.at(-1);
  }

  private tell(error: unknown): void {
    if (!isDatabaseUnavailable(error)) this.logger.error(`Uploads cannot be swept: ${(error as Error).stack}`);
  }
}
