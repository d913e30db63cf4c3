import { Block } from '../../blocks/decorators/block.decorator.js';
import { MemoryStorage } from '../memory/memory-storage.js';
import { StorageBlock } from './storage-block.js';

/** The memory of one node, gone when it stops; for tests. */
@Block({ type: 'memory', title: 'Memory', description: 'The memory of one node, gone when it stops; for tests' })
export class MemoryBlock extends StorageBlock {
  open(): MemoryStorage {
    return new MemoryStorage();
  }
}
