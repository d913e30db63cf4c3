import { Module } from '@nestjs/common';
import { BlocksModule } from '../blocks/blocks.module.js';
import { GitBlock } from './blocks/git.block.js';
import { HttpBlock } from './blocks/http.block.js';
import { LocalFileSystemBlock } from './blocks/local-file-system.block.js';
import { MemoryBlock } from './blocks/memory.block.js';
import { RemoteFileSystemBlock } from './blocks/remote-file-system.block.js';
import { S3Block } from './blocks/s3.block.js';
import { StorageAddressPolicy } from './storage-address-policy.js';
import { StorageBlockTester } from './storage-block-tester.js';
import { Storages } from './storages.js';

/** Places for bytes, and the types of blocks that stand for them. */
@Module({
  imports: [BlocksModule],
  providers: [
    ...[Storages, StorageAddressPolicy, StorageBlockTester],
    ...[LocalFileSystemBlock, S3Block, RemoteFileSystemBlock, GitBlock, HttpBlock, MemoryBlock],
  ],
  exports: [Storages, StorageAddressPolicy],
})
export class StorageModule {}
