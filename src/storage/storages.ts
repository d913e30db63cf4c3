import type { Storage } from './storage.js';

/** The storage that is always there and needs no block: DATA_DIR. */
export const DEFAULT_STORAGE = 'local-file-system/default';

/** An object of a storage. */
export interface StoragePlace {
  /** name of the block */
  readonly ref: string;
  readonly key: string;
}

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

  /** Whether clients may name objects of a storage as inputs. False when there is no such storage. */
  allowsInputs(_ref: string): Promise<boolean> {
    return Promise.resolve(false);
  }

  /** Whether clients may say that outputs are written to a storage. False when there is no such storage. */
  allowsOutputs(_ref: string): Promise<boolean> {
    return Promise.resolve(false);
  }

  /**
   * Finds the place that a URL such as `s3://bucket/key` names, among the storages from which clients may read inputs.
   * @returns the one that covers the longest part of it; nothing when none does
   */
  covering(_url: string): Promise<StoragePlace | undefined> {
    return Promise.resolve(undefined);
  }
}
