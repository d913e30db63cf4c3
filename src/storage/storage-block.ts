import type { AddressPolicy } from '../outgoing/address-policy.js';
import type { Storage } from './storage.js';

/** What the service gives to a storage that is opened. */
export interface StorageTools {
  /** Where the storage may lie. */
  readonly addresses: AddressPolicy;
}

/** A class with `@Block()` whose blocks are storages. */
export abstract class StorageBlock {
  /** Makes a storage; nothing is connected yet. */
  abstract open(tools: StorageTools): Storage;
}
