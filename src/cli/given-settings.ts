import type { SettingOverrides } from '../config/load-settings.js';

/** Leaves out what was not given, so that the environment decides. */
export function given(options: SettingOverrides): SettingOverrides {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
