import { Global, Module } from '@nestjs/common';
import { BlocksModule } from '../blocks/blocks.module.js';
import { BlockStorages } from './block-storages.js';
import { HttpBlock } from './blocks/http.block.js';
import { LocalFileSystemBlock } from './blocks/local-file-system.block.js';
import { MemoryBlock } from './blocks/memory.block.js';
import { S3Block } from './blocks/s3.block.js';
import { StorageAddressPolicy } from './storage-address-policy.js';
import { StorageBlockTester } from './storage-block-tester.js';
import { StorageErrorTranslator } from './storage-error.translator.js';
import { Storages } from './storages.js';

/** Places for bytes, and the types of blocks that stand for them. */
@Global()
@Module({
  imports: [BlocksModule],
  providers: [
    ...[BlockStorages, { provide: Storages, useExisting: BlockStorages }],
    ...[StorageAddressPolicy, StorageBlockTester, StorageErrorTranslator],
    ...[LocalFileSystemBlock, S3Block, HttpBlock, MemoryBlock],
  ],
  exports: [Storages, StorageAddressPolicy],
})
export class StorageModule {}
