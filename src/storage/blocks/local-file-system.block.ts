import { resolve } from 'node:path';
import { IsNotEmpty, IsString } from 'class-validator';
import { Block } from '../../blocks/decorators/block.decorator.js';
import { Field } from '../../blocks/decorators/field.decorator.js';
import { LocalFileSystemStorage } from '../local/local-file-system-storage.js';
import { StorageError } from '../storage-error.js';
import { isReservedDirectory } from './reserved-directories.js';
import type { StorageBlockTools } from './storage-block-tools.js';
import { StorageBlock } from './storage-block.js';

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

  /** @throws StorageError `misconfigured` for a directory in which the service keeps its keys, its database or its files */
  open({ dataDirectory }: StorageBlockTools): LocalFileSystemStorage {
    const base = resolve(dataDirectory, this.basepath);
    if (isReservedDirectory(base, dataDirectory)) {
      const detail =
        'holds what the service or the machine keeps for itself; name a directory of its own, for example below DATA_DIR';
      throw new StorageError('misconfigured', 'The base path', { detail });
    }
    return new LocalFileSystemStorage(base);
  }
}
