import { Global, Module } from '@nestjs/common';
import { BlocksModule } from '../blocks/blocks.module.js';
import { BlockStorages } from './block-storages.js';
import { StorageAddressPolicy } from './storage-address-policy.js';
import { StorageErrorTranslator } from './storage-error.translator.js';
import { Storages } from './storages.js';
import { S3Block } from './types/s3.block.js';

/** Storages, for every room that keeps bytes. */
@Global()
@Module({
  imports: [BlocksModule],
  providers: [StorageAddressPolicy, { provide: Storages, useClass: BlockStorages }, StorageErrorTranslator, S3Block],
  exports: [Storages, StorageAddressPolicy],
})
export class StorageModule {}
