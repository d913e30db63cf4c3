import { Global, Module } from '@nestjs/common';
import { DataDirStorages } from './data-dir-storages.js';
import { StorageErrorTranslator } from './storage-error.translator.js';
import { Storages } from './storages.js';

@Global()
@Module({
  providers: [{ provide: Storages, useClass: DataDirStorages }, StorageErrorTranslator],
  exports: [Storages],
})
export class StorageModule {}
