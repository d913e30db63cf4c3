import type { z } from 'zod';
import { settingsSchema } from './settings.schema.js';

/** Thrown when the environment holds unusable settings; `faults` names every one of them. */
export class InvalidSettingsError extends Error {
  constructor(readonly faults: readonly string[]) {
    super(
      `The service cannot start, ${faults.length} setting(s) need attention:\n${faults.map((f) => `  - ${f}`).join('\n')}`,
    );
    this.name = 'InvalidSettingsError';
  }
}

type Values = z.output<typeof settingsSchema>;

/** Gives the class below one readonly member per setting, with the type that the schema parses it to. */
const ParsedValues = class {
  constructor(values: Values) {
    Object.assign(this, values);
  }
} as new (values: Values) => Readonly<Values>;

/**
 * The typed settings of this service, read once at start. Durations are milliseconds, sizes are bytes.
 * Injected by its class; no other code reads the environment.
 */
export class Settings extends ParsedValues {
  /**
   * Reads the settings from environment variables; an empty variable counts as not set.
   * @throws InvalidSettingsError that lists every unusable setting by its variable name
   */
  static parse(environment: Readonly<Record<string, string | undefined>>): Settings {
    const given = Object.fromEntries(
      Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
    );
    const parsed = settingsSchema.safeParse(given);
    if (!parsed.success) {
      throw new InvalidSettingsError(parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`));
    }
    return new Settings(parsed.data);
  }
}
