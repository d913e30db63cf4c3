import type { Storage } from './storage.js';

/** The storage that is DATA_DIR itself, which no block has to describe. */
export const DEFAULT_STORAGE = 'local-file-system/default';

/** The storages that blocks describe, by the names of the blocks. */
export abstract class Storages {
  /** Where the files of jobs lie that name no storage: the setting STORAGE. */
  abstract readonly defaultRef: string;

  /**
   * @param ref name of a block, `s3/results`
   * @throws StorageError `misconfigured` when there is no such storage
   */
  abstract open(ref: string): Promise<Storage>;
}
