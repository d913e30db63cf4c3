import type { AddressPolicy } from '../outgoing/address-policy.js';

/** What the service gives a storage to work with. */
export interface StorageTools {
  /** Where storages may lie. */
  readonly addresses: AddressPolicy;
  /** A directory for copies of what lies elsewhere; what is in it may be removed between two starts. */
  readonly cacheDirectory: string;
}
