import { Injectable, Logger } from '@nestjs/common';
import pLimit from 'p-limit';
import { StoredFiles } from '../../jobs/files/stored-files.js';
import { type StorageRemovalRow, StorageRemovals } from '../../jobs/store/storage-removals.js';

/** Removals of one turn. */
const BATCH = 200;
const AT_ONCE = 8;
/** Milliseconds until something is tried again that failed. */
const FIRST_DELAY = 5_000;
const LONGEST_DELAY = 600_000;

/**
 * Works off what is to be removed from storages. A storage that is away is asked again later; nothing is forgotten, since
 * the rows stay until it is done.
 */
@Injectable()
export class FileRemoval {
  private readonly logger = new Logger(FileRemoval.name);

  constructor(
    private readonly removals: StorageRemovals,
    private readonly files: StoredFiles,
  ) {}

  /** One turn. @returns whether there is more to remove at once */
  async work(): Promise<boolean> {
    const due = await this.removals.due(BATCH);
    const failed = new Map<string, unknown>();
    const done: string[] = [];
    const limit = pLimit(AT_ONCE);
    await Promise.all(due.map((removal) => limit(() => this.remove(removal, failed, done))));
    const isDone = new Set(done);
    await this.removals.done(done);
    const postponed = due.filter(({ id }) => !isDone.has(id));
    await this.removals.postpone(postponed.map(({ id, attempts }) => ({ id, delay: delayAfter(attempts) })));
    for (const [storage, error] of failed) {
      this.logger.warn(`Files in the storage ${storage} cannot be removed at the moment: ${(error as Error).message}`);
    }
    return due.length === BATCH && done.length > 0;
  }

  /** What failed for one is not tried for the others of its storage. */
  private async remove(
    { id, storage, prefix, keeping }: StorageRemovalRow,
    failed: Map<string, unknown>,
    done: string[],
  ): Promise<void> {
    if (failed.has(storage)) return;
    try {
      await this.files.removeAll(storage, prefix, keeping ?? undefined);
      done.push(id);
    } catch (error) {
      failed.set(storage, error);
    }
  }
}

function delayAfter(attempts: number): number {
  return Math.min(FIRST_DELAY * 2 ** Math.min(attempts, 20), LONGEST_DELAY);
}
