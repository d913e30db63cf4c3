import type { AddressPolicy } from '../../outgoing/address-policy.js';

/** What the service gives a block to open its storage with. */
export interface StorageBlockTools {
  /** Where storages may lie. */
  readonly addresses: AddressPolicy;
  /** A directory for copies of what lies elsewhere; what is in it may be removed between two starts. */
  readonly cacheDirectory: string;
  /** Absolute path of DATA_DIR. */
  readonly dataDirectory: string;
}
