import type { Storage } from './storage.js';

/** The storage that is always there and needs no block: DATA_DIR. */
export const DEFAULT_STORAGE = 'local-file-system/default';

/** Port: the storages of this deployment, or what takes their place in runs without a server. */
export abstract class Storages {
  /** Where the files of jobs lie that name no storage: the setting STORAGE. */
  abstract readonly defaultRef: string;

  /**
   * Opens a storage, or gives the open one. Do not close it.
   * @param ref `<type>/<name>` of a block; {@link DEFAULT_STORAGE} is DATA_DIR
   * @throws DomainError `no-such-block`, `block-unusable`; StorageError `misconfigured`, also for a block that is no
   *   storage
   */
  abstract open(ref: string): Promise<Storage>;
}
