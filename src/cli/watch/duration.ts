import { InvalidArgumentError } from 'commander';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** `90`, `90s`, `500ms`, `5m`, `1h` in milliseconds; a plain number is seconds. @throws InvalidArgumentError */
export function parseDuration(text: string): number {
  const [, amount, unit = 's'] = /^(\d+)(ms|s|m|h)?$/.exec(text) ?? [];
  const milliseconds = Number(amount) * UNITS[unit];
  // Longer than a timer can hold would end at once.
  if (amount === undefined || milliseconds === 0 || milliseconds >= 2 ** 31) {
    throw new InvalidArgumentError('It must be a time like 30s, 5m or 1h.');
  }
  return milliseconds;
}
