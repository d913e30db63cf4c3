import { closestMatch } from 'leven';
import { readEnvFile } from './load-settings.js';
import { SECRET_FILES } from './secret-files.js';
import { settingsSchema } from './settings.schema.js';

const KNOWN: readonly string[] = [...Object.keys(settingsSchema.shape), ...SECRET_FILES];

/** Variables that the client commands read, from the environment only (see cli-settings.ts). */
const CLIENT_VARIABLES = ['SLUICE_URL', 'SLUICE_HEADERS'];

/**
 * Warnings about the variables in the file `.env` of a directory that are no setting, and so have no effect; each with
 * the setting that was probably meant. The environment is not looked at: most of it is somebody else's.
 */
export function unknownSettings(directory = process.cwd()): string[] {
  return Object.keys(readEnvFile(directory))
    .filter((name) => !KNOWN.includes(name))
    .map((name) => {
      if (CLIENT_VARIABLES.includes(name)) {
        return `${name} has no effect in .env: the commands that use it read the environment only`;
      }
      const meant = nearest(name);
      return `unknown setting ${name} in .env: ${meant ? `did you mean ${meant}?` : 'it has no effect'}`;
    });
}

function nearest(name: string): string | undefined {
  const plain = name
    .toUpperCase()
    .replaceAll('-', '_')
    .replace(/^SLUICE_/, '');
  // Two typing mistakes, or one swap, in a short name; a third of a long one.
  return closestMatch(plain, [...KNOWN], { maxDistance: Math.max(2, Math.floor(plain.length / 3)) });
}
