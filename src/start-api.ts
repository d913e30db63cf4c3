import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { InvalidSettingsError, type Settings } from './config/settings.js';
import { PlainExecutions } from './execution/plain/plain-executions.js';
import { logRequests } from './observability/logging/request-log.js';
import type { ServiceLogger } from './observability/logging/service-logger.js';
import { configureHttp } from './ogc/http/configure-http.js';
import { createHttpAdapter } from './ogc/http/http-adapter.js';
import { outliveRejections, stopOnSignal } from './service-process.js';
import { SluiceModule } from './sluice.module.js';

/** Starts the API (and, with ROLE `all`, a worker). Resolves when it listens. */
export async function startApi(settings: Settings, logger: ServiceLogger): Promise<void> {
  const app = await NestFactory.create<NestFastifyApplication>(
    await SluiceModule.forRoot({ settings }),
    createHttpAdapter(settings),
    { logger, bodyParser: false, abortOnError: false },
  );
  configureHttp(app, settings);
  logRequests(app.getHttpAdapter().getInstance(), logger);
  app.get(PlainExecutions).serve(app.getHttpAdapter().getInstance());
  outliveRejections(logger);
  stopOnSignal(app, settings, logger);
  try {
    await app.listen(settings.PORT, settings.HOST);
  } catch (error) {
    await app.close();
    throw listenError(error as NodeJS.ErrnoException, settings);
  }
  logger.log(`Sluice listens on ${settings.PUBLIC_URL ?? (await app.getUrl())}`, 'Sluice');
}

/** The words for a port or an address that cannot be listened on; any other error as it is. */
function listenError(error: NodeJS.ErrnoException, { PORT, HOST }: Settings): Error {
  const faults: Partial<Record<string, string>> = {
    EADDRINUSE: `PORT ${PORT} of ${HOST} is in use by another program; choose another one, or 0 for any free one`,
    EACCES: `PORT ${PORT} is not open to this user; choose one above 1023`,
    EADDRNOTAVAIL: `HOST ${HOST} is not an address of this machine`,
  };
  const fault = faults[error.code ?? ''];
  return fault === undefined ? error : new InvalidSettingsError([fault]);
}
