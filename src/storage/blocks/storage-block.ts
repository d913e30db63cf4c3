import { IsBoolean } from 'class-validator';
import { Field } from '../../blocks/decorators/field.decorator.js';
import type { Storage } from '../storage.js';
import type { StorageBlockTools } from './storage-block-tools.js';

/** What all blocks that stand for a storage have in common. */
export abstract class StorageBlock {
  @Field({
    title: 'Allow inputs',
    description: 'Whether clients may name objects of this storage as inputs of executions',
  })
  @IsBoolean()
  allowInputs = false;

  /** Opens the storage; whoever does so closes it. @throws StorageError `misconfigured`, `invalid-key` */
  abstract open(tools: StorageBlockTools): Storage;
}
