import type { Storage } from './storage.js';

/** The storage that is DATA_DIR itself, which no block has to describe. */
export const DEFAULT_STORAGE = 'local-file-system/default';

/** An object of a storage. */
export interface StoragePlace {
  /** name of the block */
  readonly ref: string;
  readonly key: string;
}

/** The storages that blocks describe, by the names of the blocks. */
export abstract class Storages {
  /** Where the files of jobs lie that name no storage: the setting STORAGE. */
  abstract readonly defaultRef: string;

  /**
   * @param ref name of a block, `s3/results`
   * @throws StorageError `misconfigured` when there is no such storage
   */
  abstract open(ref: string): Promise<Storage>;

  /** Whether clients may name objects of a storage as inputs. False when there is no such storage. */
  allowsInputs(_ref: string): Promise<boolean> {
    return Promise.resolve(false);
  }

  /**
   * Finds the place that a URL such as `s3://bucket/key` names, among the storages from which clients may read inputs.
   * @returns nothing when none of them covers it
   */
  covering(_url: string): Promise<StoragePlace | undefined> {
    return Promise.resolve(undefined);
  }
}
