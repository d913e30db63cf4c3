const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The longest delay a timer of Node.js takes, milliseconds. */
export const LONGEST_TIMER = 2 ** 31 - 1;

/** A duration in words, for messages about a bad one. */
export const DURATION_WORDS = 'milliseconds or a whole number with a unit (ms, s, m, h, d) such as 2h';

/** What is wrong with something that {@link parseDuration} takes for none, for a message. */
export function noDuration(value: unknown): string {
  // JSON has no word for Infinity and NaN.
  const given = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? typeof value);
  const hint = value instanceof Date ? ' A duration says how long, not until when.' : '';
  return `${given} is no duration, which is ${DURATION_WORDS}.${hint}`;
}

/** @returns milliseconds, a whole number; undefined for what is no duration */
export function parseDuration(duration: unknown): number | undefined {
  const [, amount, unit] = /^(\d+)(ms|s|m|h|d)$/.exec(String(duration)) ?? [];
  const milliseconds = typeof duration === 'number' ? duration : Number(amount) * (UNITS[unit ?? ''] ?? NaN);
  return Number.isSafeInteger(milliseconds) && milliseconds >= 0 ? milliseconds : undefined;
}
