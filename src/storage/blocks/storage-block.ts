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

  @Field({
    title: 'Allow outputs',
    description: 'Whether clients may have processes write to this storage, where they say',
  })
  @IsBoolean()
  allowOutputs = false;

  /**
   * Opens the storage; whoever does so closes it. What it takes to speak to a storage of this type is loaded here, not
   * at the start of a service that may have none.
   * @throws StorageError `misconfigured`, `invalid-key`
   */
  abstract open(tools: StorageBlockTools): Storage | Promise<Storage>;

  /** @returns the key of what a URL such as `s3://bucket/key` names, when it lies in this storage */
  keyOf(_url: string): string | undefined {
    return undefined;
  }
}
