import { resolve } from 'node:path';
import { IsNotEmpty, IsString } from 'class-validator';
import { Block } from '../../blocks/decorators/block.decorator.js';
import { Field } from '../../blocks/decorators/field.decorator.js';
import { LocalFileSystemStorage } from '../local/local-file-system-storage.js';
import type { BlockFault } from '../../blocks/definition/block-fault.js';
import { StorageError } from '../storage-error.js';
import { isReservedDirectory, isReservedEverywhere, leadsOut } from './reserved-directories.js';
import type { StorageBlockTools } from './storage-block-tools.js';
import { StorageBlock } from './storage-block.js';

const RESERVED =
  'holds what the service or the machine keeps for itself; name a directory of its own, for example below DATA_DIR';

/** A directory of this machine, or of a file system that all nodes share. `default` is DATA_DIR. */
@Block({
  type: 'local-file-system',
  title: 'Local file system',
  description: 'A directory that every node sees under the same path',
  reservedNames: ['default'],
})
export class LocalFileSystemBlock extends StorageBlock {
  @Field({ title: 'Base path', description: 'An absolute path, or one below the DATA_DIR of each node' })
  @IsString()
  @IsNotEmpty()
  basepath!: string;

  /** What holds on every node; where DATA_DIR is, the node knows that opens the block. */
  *faults(): Iterable<BlockFault> {
    if (isReservedEverywhere(this.basepath)) yield { property: 'basepath', detail: `This directory ${RESERVED}.` };
    else if (leadsOut(this.basepath)) {
      yield { property: 'basepath', detail: 'This leads out of DATA_DIR; a directory elsewhere has an absolute path.' };
    }
  }

  /** @throws StorageError `misconfigured` for a directory in which the service keeps its keys, its database or its files */
  open({ dataDirectory }: StorageBlockTools): LocalFileSystemStorage {
    const base = resolve(dataDirectory, this.basepath);
    if (isReservedDirectory(base, dataDirectory)) {
      throw new StorageError('misconfigured', 'The base path', { detail: RESERVED });
    }
    return new LocalFileSystemStorage(base);
  }
}
