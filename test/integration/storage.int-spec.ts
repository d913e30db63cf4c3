import { LocalFileSystemStorage } from '../../src/storage/local/local-file-system-storage.js';
import { MemoryStorage } from '../../src/storage/memory/memory-storage.js';
import type { Storage } from '../../src/storage/storage.js';
import { describeStorage, type Seed } from '../harness/storage-contract.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

async function sow(storage: Storage, seed: Seed): Promise<void> {
  for (const [key, content] of seed) await storage.put(key, content);
}

describeStorage('memory', {}, async (seed) => {
  const storage = new MemoryStorage();
  await sow(storage, seed);
  return { storage, remove: () => undefined };
});

describeStorage('local file system', {}, async (seed) => {
  const place = temporaryDirectory('storage');
  const storage = new LocalFileSystemStorage(`${place.path}/base`);
  await sow(storage, seed);
  return {
    storage,
    misconfigured: new LocalFileSystemStorage(`${place.path}/base/a-b`),
    remove: () => place.remove(),
  };
});
