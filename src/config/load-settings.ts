import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'dotenv';
import type { SettingName } from './settings.schema.js';
import { joinSettings, readSecretFiles, type SecretFileName } from './secret-files.js';
import { Settings } from './settings.js';

/**
 * Settings given in code, by the names of their variables; a list may be given as an array. For a setting that holds a
 * secret `<NAME>_FILE` may name a file with its value.
 */
export type SettingOverrides = Partial<
  Record<SettingName | SecretFileName, string | number | boolean | readonly string[]>
>;

/**
 * Reads the settings of this process: what is given in code wins over the environment, the environment over the file
 * `.env` of the working directory. Secrets may lie in files, see `SECRET_SETTINGS`.
 * @throws InvalidSettingsError that lists every unusable setting by its variable name
 */
export function loadSettings(overrides: SettingOverrides = {}, directory = process.cwd()): Settings {
  const given = Object.entries(overrides).map(([name, value]) => [
    name,
    value === undefined ? undefined : String(value),
  ]);
  const places = [readEnvFile(directory), process.env, Object.fromEntries(given) as Record<string, string>];
  return Settings.parse(readSecretFiles(joinSettings(places)));
}

/** The variables in the file `.env` of a directory; none without one. */
export function readEnvFile(directory: string): Record<string, string> {
  try {
    return parse(readFileSync(join(directory, '.env')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}
