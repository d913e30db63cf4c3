import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { InvalidSettingsError, Settings } from './config/settings.js';
import { loadSettings } from './config/load-settings.js';
import { DatabaseServer } from './database/database-server.js';
import { EmbeddedPostgresError } from './database/embedded/embedded-postgres-error.js';
import { createDataSource } from './database/data-source.js';
import { DatabaseUnreachableError, migrate } from './database/migrate.js';
import { DATABASE_CONTENTS } from './database-contents.js';
import { logRequests } from './observability/logging/request-log.js';
import { ServiceLogger } from './observability/logging/service-logger.js';
import { UnexecutableProcessError } from './engine/executable-processes.js';
import { ExecutorStartError } from './engine/executor-process.js';
import { configureHttp } from './ogc/http/configure-http.js';
import { createHttpAdapter } from './ogc/http/http-adapter.js';
import { InvalidProcessError } from './processes/definition/invalid-process.error.js';
import { ProcessModuleError } from './processes/process-module.loader.js';
import { SluiceModule } from './sluice.module.js';

/** Beyond the grace time of running jobs: what a stop may take before the process ends regardless. Milliseconds. */
const STOP_LIMIT = 20_000;

/** Errors whose message says all there is to say, to the person who starts the service; the others show their stack. */
const FOR_OPERATORS = [
  InvalidSettingsError,
  EmbeddedPostgresError,
  DatabaseUnreachableError,
  InvalidProcessError,
  ProcessModuleError,
  UnexecutableProcessError,
  ExecutorStartError,
];

/** Starts the API (and, with ROLE `all`, a worker). Resolves when it listens. */
export async function startApi(settings: Settings): Promise<void> {
  const logger = await ServiceLogger.open(settings);
  const app = await NestFactory.create<NestFastifyApplication>(
    await SluiceModule.forRoot({ settings }),
    createHttpAdapter(settings),
    { logger, bodyParser: false, abortOnError: false },
  );
  configureHttp(app, settings);
  logRequests(app.getHttpAdapter().getInstance(), logger);
  stopOnSignal(app, settings, logger);
  try {
    await app.listen(settings.PORT, settings.HOST);
  } catch (error) {
    await app.close();
    throw listenError(error as NodeJS.ErrnoException, settings);
  }
  logger.log(`Sluice listens on ${settings.PUBLIC_URL ?? (await app.getUrl())}`, 'Sluice');
}

/** Starts a worker that takes jobs from the queue and serves no HTTP. */
export async function startWorker(settings: Settings): Promise<void> {
  const logger = await ServiceLogger.open(settings);
  const module = await SluiceModule.forWorker({ settings });
  const app = await NestFactory.createApplicationContext(module, { logger, abortOnError: false });
  stopOnSignal(app, settings, logger);
  logger.log(`A worker takes up to ${settings.WORKER_CONCURRENCY} jobs at once`, 'Sluice');
}

/** Brings the database up to date and ends. */
export async function runMigrations(settings: Settings): Promise<void> {
  const server = await DatabaseServer.open(settings);
  const dataSource = createDataSource(server.connection, DATABASE_CONTENTS, 2);
  try {
    await migrate(server.connection, dataSource);
  } finally {
    if (dataSource.isInitialized) await dataSource.destroy();
    await server.close();
  }
}

/**
 * Runs an entry point: reads the settings, starts, and turns a failure into one readable message and exit code 1.
 * @param overrides settings that win over the environment
 */
export async function launch(start: (settings: Settings) => Promise<void>, overrides = {}): Promise<void> {
  try {
    await start(loadSettings(overrides));
  } catch (error) {
    const known = FOR_OPERATORS.some((type) => error instanceof type);
    process.stderr.write(`${known ? (error as Error).message : ((error as Error).stack ?? String(error))}\n`);
    process.exit(1);
  }
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

function stopOnSignal(app: { close(): Promise<void> }, settings: Settings, logger: ServiceLogger): void {
  let stopping = false;
  const stop = (signal: string) => {
    if (stopping) return;
    stopping = true;
    logger.log(`${signal}: stopping`, 'Sluice');
    setTimeout(() => process.exit(1), settings.SHUTDOWN_GRACE + STOP_LIMIT).unref();
    void app
      .close()
      .catch((error: Error) => logger.error(error.message, error.stack, 'Sluice'))
      .then(() => logger.close())
      .then(() => process.exit(0));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}
