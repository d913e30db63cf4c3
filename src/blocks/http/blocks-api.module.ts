import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { OgcModule } from '../../ogc/ogc.module.js';
import { BlockChanges } from '../block-changes.js';
import { BlockTests } from '../block-tests.js';
import { BlocksModule } from '../blocks.module.js';
import { BlockTypesController } from './block-types.controller.js';
import { BlocksController } from './blocks.controller.js';

/** `/block-types` and `/blocks` */
@Module({
  imports: [BlocksModule, DiscoveryModule, OgcModule],
  controllers: [BlockTypesController, BlocksController],
  providers: [BlockChanges, BlockTests],
})
export class BlocksApiModule {}
