import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { OgcModule } from '../ogc/ogc.module.js';
import { ProcessesController } from './http/processes.controller.js';
import { ProcessExplorer } from './process-explorer.js';
import { ProcessRegistry } from './process-registry.js';

/** The registry of processes, filled from the providers of all modules of the application. */
@Module({
  imports: [DiscoveryModule],
  providers: [ProcessExplorer, ProcessRegistry],
  exports: [ProcessRegistry],
})
export class ProcessesModule {}

/** `/processes`: what the API shows of the registry. */
@Module({ imports: [ProcessesModule, OgcModule], controllers: [ProcessesController] })
export class ProcessesApiModule {}
