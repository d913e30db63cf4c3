import { Injectable } from '@nestjs/common';
import { BlockTester } from '../blocks/block-tester.js';
import { BlockStorages } from './block-storages.js';
import { outageCause } from './outage-cause.js';
import { StorageError } from './storage-error.js';
import { StorageBlock } from './blocks/storage-block.js';

/** Tries out blocks that stand for a storage: whether the place can be reached and used. */
@Injectable()
export class StorageBlockTester extends BlockTester {
  constructor(private readonly storages: BlockStorages) {
    super();
  }

  test(block: object): Promise<void> | undefined {
    return block instanceof StorageBlock ? this.tryOut(block) : undefined;
  }

  private async tryOut(block: StorageBlock): Promise<void> {
    const storage = await block.open(this.storages.tools);
    try {
      await storage.test();
    } catch (error) {
      const cause = error instanceof StorageError && error.isPassing ? outageCause(error) : undefined;
      throw cause === undefined ? error : new Error(`${(error as Error).message}: ${cause}`, { cause: error });
    } finally {
      await storage.close();
    }
  }
}
