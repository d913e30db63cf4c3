import type { Violation } from '../../ogc/problems/domain-error.js';

/** What may be said of a secret that is not valid: where it is and what was expected, never what it is. */
export function concealed(violations: readonly Violation[], pointer: string, secret: unknown): Violation[] {
  const texts = textsOf(secret);
  const details = violations.map(({ detail }) => {
    const [expected, ...got] = detail.split(', got ');
    const sentence = got.length > 0 ? `${expected}.` : detail;
    return texts.some((text) => sentence.includes(text)) ? 'This value is not valid.' : sentence;
  });
  return [...new Set(details)].map((detail) => ({ pointer, detail }));
}

/** Hides secrets in a text that somebody else wrote, such as the message of an error. */
export function withoutSecrets(text: string, secrets: unknown): string {
  const longestFirst = textsOf(secrets).sort((a, b) => b.length - a.length);
  return longestFirst.reduce((hidden, secret) => hidden.replaceAll(secret, '[redacted]'), text);
}

/** All texts in a value, the names of members left out; short ones would hide every sentence. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return value.length < SHORTEST ? [] : [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsOf);
}

const SHORTEST = 3;
