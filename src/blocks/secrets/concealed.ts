import type { Violation } from '../../ogc/problems/domain-error.js';
import { secretTexts } from './known-secrets.js';

/** What may be said of a secret that is not valid: where it is and what was expected, never what it is. */
export function concealed(violations: readonly Violation[], pointer: string, secret: unknown): Violation[] {
  const texts = secretTexts(secret);
  const details = violations.map(({ detail }) => {
    const [expected, ...got] = detail.split(', got ');
    const sentence = got.length > 0 ? `${expected}.` : detail;
    return texts.some((text) => sentence.includes(text)) ? 'This value is not valid.' : sentence;
  });
  return [...new Set(details)].map((detail) => ({ pointer, detail }));
}
