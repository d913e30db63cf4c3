import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { ProcessExplorer } from './process-explorer.js';
import { ProcessRegistry } from './process-registry.js';

/** The registry of processes, filled from the providers of all modules of the application. */
@Module({
  imports: [DiscoveryModule],
  providers: [ProcessExplorer, ProcessRegistry],
  exports: [ProcessRegistry],
})
export class ProcessesModule {}
