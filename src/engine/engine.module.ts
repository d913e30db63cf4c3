import { Module } from '@nestjs/common';
import { ProcessesModule } from '../processes/processes.module.js';
import { ChildRunner } from './child-runner.js';
import { Engine } from './engine.js';
import { ExecutorCheck } from './executor-check.js';
import { ExecutorEntry } from './executor-entry.js';
import { ExecutorPool } from './executor-pool.js';
import { InlineRunner } from './inline-runner.js';
import { ProcessTracer } from './process-tracer.js';

/** Runs user code. `Settings` come from the configuration module, which is global. */
@Module({
  imports: [ProcessesModule],
  providers: [Engine, InlineRunner, ChildRunner, ExecutorPool, ExecutorEntry, ExecutorCheck, ProcessTracer],
  exports: [Engine, ProcessTracer],
})
export class EngineModule {}
