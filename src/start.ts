import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { BlockSecrets } from './blocks/block-secrets.js';
import { SecretKeys } from './blocks/secrets/secret-keys.js';
import { SecretRotation } from './blocks/secrets/secret-rotation.js';
import { BlockRows } from './blocks/store/block-rows.js';
import { InvalidSettingsError, Settings } from './config/settings.js';
import { loadSettings, type SettingOverrides } from './config/load-settings.js';
import { unknownSettings } from './config/unknown-settings.js';
import { DatabaseServer } from './database/database-server.js';
import { Database } from './database/database.js';
import { EmbeddedPostgresError } from './database/embedded/embedded-postgres-error.js';
import { createDataSource } from './database/data-source.js';
import { migrate } from './database/migrate.js';
import { DATABASE_CONTENTS } from './database-contents.js';
import { PlainExecutions } from './execution/plain/plain-executions.js';
import { logRequests } from './observability/logging/request-log.js';
import { ServiceLogger } from './observability/logging/service-logger.js';
import { createHttpAdapter } from './ogc/http/http-adapter.js';
import { configureHttp } from './ogc/http/configure-http.js';
import { SluiceModule } from './sluice.module.js';
import { startFailure } from './start-failure.js';

/** Beyond the grace time of running jobs: what a stop may take before the process ends regardless. Milliseconds. */
const STOP_LIMIT = 20_000;

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

/** Starts a worker that takes jobs from the queue and serves no HTTP. */
export async function startWorker(settings: Settings, logger: ServiceLogger): Promise<void> {
  const module = await SluiceModule.forWorker({ settings });
  const app = await NestFactory.createApplicationContext(module, { logger, abortOnError: false });
  outliveRejections(logger);
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
 * Encrypts the secrets of all blocks with the first of SECRET_KEYS and ends. Services may run meanwhile.
 * @throws Error when some cannot be decrypted; the others are done all the same
 */
export async function rotateSecrets(settings: Settings, logger: ServiceLogger): Promise<void> {
  const server = await openBesideService(settings);
  const dataSource = createDataSource(server.connection, DATABASE_CONTENTS, 2);
  try {
    await migrate(server.connection, dataSource);
    const secrets = new BlockSecrets(new SecretKeys(settings));
    const rotation = new SecretRotation(new BlockRows(new Database(dataSource)), secrets);
    const { rotated, current, unreadable } = await rotation.rotate();
    logger.log(`The secrets of ${rotated} block(s) were encrypted anew, ${current} needed nothing.`, 'Sluice');
    if (unreadable.length > 0) throw new Error(unreadable.join('\n'));
  } finally {
    if (dataSource.isInitialized) await dataSource.destroy();
    await server.close();
  }
}

/** The embedded database of a service that runs is joined, as a worker does. */
async function openBesideService(settings: Settings): Promise<DatabaseServer> {
  try {
    return await DatabaseServer.open(settings);
  } catch (error) {
    if (!(error instanceof EmbeddedPostgresError)) throw error;
    return DatabaseServer.open(new Settings({ ...settings, ROLE: 'worker' })).catch(() => {
      throw error;
    });
  }
}

/** What an entry point runs, with the settings and the log of this process. */
type Start = (settings: Settings, logger: ServiceLogger) => Promise<void>;

/**
 * Runs an entry point: reads the settings, opens the log, starts. A failure becomes one readable message on standard
 * error, and in LOG_FILE when there is one, and exit code 1.
 * @param overrides settings that win over the environment
 * @param isJson whether programs read standard output: the log is JSON there in any case, and so is a failure
 */
export async function launch(start: Start, overrides: SettingOverrides = {}, isJson = false): Promise<void> {
  let settings: Settings | undefined;
  let logger: ServiceLogger | undefined;
  try {
    settings = loadSettings(overrides);
    logger = await ServiceLogger.open(settings, isJson);
    // What is said before there is an application, and by commands that make none, belongs into the same log.
    Logger.overrideLogger(logger);
    for (const warning of unknownSettings()) logger.warn(warning, 'Settings');
    await start(settings, logger);
  } catch (error) {
    const text = startFailure(error, logger?.isEnabled('debug'));
    process.stderr.write(`${text}\n`);
    if (isJson) process.stdout.write(`${JSON.stringify({ exitCode: 1, message: text })}\n`);
    if (settings?.LOG_FILE !== undefined) logger?.fatal(text, 'Sluice');
    await logger?.close();
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

/**
 * Code of processes may run in this process, and one promise that it forgets must not take all other jobs with it. What is
 * thrown outside of promises still ends the process: nobody knows what it left undone.
 */
function outliveRejections(logger: ServiceLogger): void {
  process.on('unhandledRejection', (reason) => {
    const { message, stack } = reason instanceof Error ? reason : new Error(String(reason));
    const advice = 'Await every promise in the code of inline processes.';
    logger.error(`A promise that nobody waits for was rejected: ${message}. ${advice}`, stack, 'Sluice');
  });
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
