import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { loadProcessModules } from '../processes/process-module.loader.js';
import { ProcessRegistry } from '../processes/process-registry.js';
import { serveAsExecutor } from './executor-child.js';
import { ExecutorModule } from './executor.module.js';

await serveAsExecutor(async (start, logger) => {
  const modules = await loadProcessModules(start.processModules);
  const context = await NestFactory.createApplicationContext(ExecutorModule.of(start, modules), {
    logger,
    abortOnError: false,
  });
  return { processes: context.get(ProcessRegistry).list(), close: () => context.close() };
});
