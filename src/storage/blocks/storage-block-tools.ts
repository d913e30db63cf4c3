import type { StorageTools } from '../storage-tools.js';

/** What the service gives a block to open its storage with. */
export interface StorageBlockTools extends StorageTools {
  /** Absolute path of DATA_DIR. */
  readonly dataDirectory: string;
}
