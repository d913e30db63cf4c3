import { readFileSync } from 'node:fs';
import { InvalidSettingsError } from './settings.js';

/** Settings that hold secrets. Each may also be given as a file, by a variable of the same name with `_FILE`. */
export const SECRET_SETTINGS = ['DATABASE_URL', 'REDIS_URL', 'SECRET_KEYS', 'CALLBACK_SECRET'] as const;

type SecretSetting = (typeof SECRET_SETTINGS)[number];

/** Variables that name a file with the value of a setting. */
export type SecretFileName = `${SecretSetting}_FILE`;

export const SECRET_FILES = SECRET_SETTINGS.map((name) => `${name}_FILE` as const);

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Joins places that settings are read from; the later ones win. A setting and its file are one thing in this: who gives
 * one of them hides both of the earlier places.
 */
export function joinSettings(places: readonly Variables[]): Variables {
  return places.reduce((joined, place) => {
    const hidden = SECRET_SETTINGS.filter((name) =>
      [name, `${name}_FILE`].some((given) => Object.hasOwn(place, given)),
    );
    const kept = Object.entries(joined).filter(
      ([key]) => !hidden.some((name) => key === name || key === `${name}_FILE`),
    );
    return { ...Object.fromEntries(kept), ...place };
  });
}

/**
 * Puts the content of the files, without white space around it, in the place of the variables that name them.
 * @throws InvalidSettingsError for a file that cannot be read, and for a setting that is given in both ways
 */
export function readSecretFiles(environment: Variables): Variables {
  const read: Record<string, string | undefined> = { ...environment };
  const faults: string[] = [];
  for (const name of SECRET_SETTINGS) {
    const path = environment[`${name}_FILE`];
    if (path === undefined || path === '') continue;
    if (environment[name] !== undefined && environment[name] !== '') {
      faults.push(`${name} and ${name}_FILE are both set; take one of them away`);
      continue;
    }
    try {
      read[name] = readFileSync(path, 'utf8').trim();
      if (read[name] === '') faults.push(`${name}_FILE names the file ${path}, which is empty`);
    } catch (error) {
      faults.push(
        `${name}_FILE names the file ${path}, which cannot be read (${(error as NodeJS.ErrnoException).code})`,
      );
    }
  }
  if (faults.length > 0) throw new InvalidSettingsError(faults);
  return read;
}
