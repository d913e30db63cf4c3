import type { Settings } from './config/settings.js';
import type { ServiceLogger } from './observability/logging/service-logger.js';

/** Beyond the grace time of running jobs: what a stop may take before the process ends regardless. Milliseconds. */
const STOP_LIMIT = 20_000;

/**
 * Code of processes may run in this process, and one promise that it forgets must not take all other jobs with it. What is
 * thrown outside of promises still ends the process: nobody knows what it left undone.
 */
export function outliveRejections(logger: ServiceLogger): void {
  process.on('unhandledRejection', (reason) => {
    const { message, stack } = reason instanceof Error ? reason : new Error(String(reason));
    const advice = 'Await every promise in the code of inline processes.';
    logger.error(`A promise that nobody waits for was rejected: ${message}. ${advice}`, stack, 'Sluice');
  });
}

/** SIGTERM and SIGINT close the application, and then the process ends. */
export function stopOnSignal(app: { close(): Promise<void> }, settings: Settings, logger: ServiceLogger): void {
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
