import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { loadSettings, type SettingOverrides } from './config/load-settings.js';
import { InvalidSettingsError, type Settings } from './config/settings.js';
import { unknownSettings } from './config/unknown-settings.js';
import { ServiceLogger } from './observability/logging/service-logger.js';
import { startFailure } from './start-failure.js';

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
    // A name that is mistyped may be why a setting is missing or wrong.
    const hints = error instanceof InvalidSettingsError ? unknownSettings() : [];
    const text = [startFailure(error, logger?.isEnabled('debug')), ...hints].join('\n');
    process.stderr.write(`${text}\n`);
    if (isJson) process.stdout.write(`${JSON.stringify({ exitCode: 1, message: text })}\n`);
    if (settings?.LOG_FILE !== undefined) logger?.fatal(text, 'Sluice');
    await logger?.close();
    process.exit(1);
  }
}
