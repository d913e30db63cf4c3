import { CodeStorage } from '../../src/engine/code-storage.js';
import type { JobStorage } from '../../src/processes/job-context.js';
import { MemoryStorage } from '../../src/storage/memory/memory-storage.js';
import { StorageError } from '../../src/storage/storage-error.js';
import type { Storage } from '../../src/storage/storage.js';
import { DEFAULT_STORAGE, Storages } from '../../src/storage/storages.js';

/** Storages that a test has at hand, by the names of the blocks that would describe them. */
export class TestStorages extends Storages {
  readonly defaultRef = DEFAULT_STORAGE;
  private readonly known = new Map<string, Storage>();

  add(ref: string, storage: Storage): void {
    this.known.set(ref, storage);
  }

  open(ref: string): Promise<Storage> {
    const storage = this.known.get(ref);
    return storage === undefined ? Promise.reject(new StorageError('misconfigured', ref)) : Promise.resolve(storage);
  }
}

/** A storage as code uses it, in memory. */
export function memoryJobStorage(): JobStorage {
  const storage = new MemoryStorage();
  return new CodeStorage(() => Promise.resolve(storage), '');
}
