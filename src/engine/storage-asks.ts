import type { StorageFault } from '../storage/storage-error.js';

/**
 * What an executor asks the service to do in a storage: it has no secrets itself. Content passes through files in the work
 * directory of the execution.
 */
export type StorageAsk = {
  /** The block that names the storage; absent: that of the job. */
  readonly storage?: string;
} & (
  | { readonly operation: 'stat' | 'delete'; readonly key: string }
  | { readonly operation: 'list'; readonly prefix: string; readonly after?: string }
  /** Into a new file. */
  | { readonly operation: 'get'; readonly key: string; readonly path: string }
  | {
      readonly operation: 'put';
      readonly key: string;
      readonly path: string;
      readonly mediaType?: string;
      readonly overwrite?: boolean;
    }
);

/** An object as it travels. */
export interface WireObject {
  readonly key: string;
  /** bytes */
  readonly size: number;
  /** ISO 8601 */
  readonly modified?: string;
  readonly mediaType?: string;
}

/** What comes back of a {@link StorageAsk}: the objects that it is about, or why it was not done. */
export type StorageAnswer =
  | { readonly objects: readonly WireObject[] }
  | { readonly fault: StorageFault; readonly message: string }
  /** The ask itself was wrong, or the service could not carry it out. */
  | { readonly error: string };

/** Asks about storages of one run that an executor has under way at most. */
export const MOST_STORAGE_ASKS = 16;
/** Objects in one answer. */
export const MOST_OBJECTS = 1_000;
