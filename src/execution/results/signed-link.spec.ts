import { describe, expect, it } from '@jest/globals';
import { isSigned, linkSignature } from './signed-link.js';

const [key, older, foreign] = [1, 2, 3].map((fill) => Buffer.alloc(32, fill));
const linked = { jobId: '0199', outputId: 'a b', expires: 1_900_000_000 };

describe(linkSignature.name, () => {
  it('is believed with the key that made it, also when that is not the newest any more', () => {
    expect(isSigned([key], linked, linkSignature(key, linked))).toBe(true);
    expect(isSigned([key, older], linked, linkSignature(older, linked))).toBe(true);
    expect(isSigned([key, older], linked, linkSignature(foreign, linked))).toBe(false);
  });

  it.each([
    ['job', { jobId: '0200' }],
    ['output', { outputId: 'a' }],
    ['time', { expires: 1_900_000_001 }],
  ])('holds for one %s only', (_what, other) => {
    expect(isSigned([key], { ...linked, ...other }, linkSignature(key, linked))).toBe(false);
  });

  it.each(['', 'x', linkSignature(key, linked).slice(1)])('is not %j', (signature) => {
    expect(isSigned([key], linked, signature)).toBe(false);
  });
});
