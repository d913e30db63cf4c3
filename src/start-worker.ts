import { NestFactory } from '@nestjs/core';
import type { Settings } from './config/settings.js';
import type { ServiceLogger } from './observability/logging/service-logger.js';
import { outliveRejections, stopOnSignal } from './service-process.js';
import { SluiceModule } from './sluice.module.js';

/** Starts a worker that takes jobs from the queue and serves no HTTP. */
export async function startWorker(settings: Settings, logger: ServiceLogger): Promise<void> {
  const module = await SluiceModule.forWorker({ settings });
  const app = await NestFactory.createApplicationContext(module, { logger, abortOnError: false });
  outliveRejections(logger);
  stopOnSignal(app, settings, logger);
  logger.log(`A worker takes up to ${settings.WORKER_CONCURRENCY} jobs at once`, 'Sluice');
}
