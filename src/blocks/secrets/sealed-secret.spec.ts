import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { KeyRing, UnreadableSecretError } from './sealed-secret.js';

const key = (id: string, fill: number) => ({ id, bytes: Buffer.alloc(32, fill) });
const PLACE = 's3/results/secretAccessKey';

describe(KeyRing.name, () => {
  const ring = new KeyRing([key('a', 1)]);

  it('opens what it sealed, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const wellFormed = text.toWellFormed();
        expect(ring.open(ring.seal(wellFormed, PLACE), PLACE)).toBe(wellFormed);
      }),
    );
  });

  it('seals the same text differently every time, and never in the clear', () => {
    const sealed = Array.from({ length: 50 }, () => ring.seal('the secret', PLACE));
    expect(new Set(sealed.map(({ iv }) => iv)).size).toBe(50);
    expect(new Set(sealed.map(({ data }) => data)).size).toBe(50);
    for (const one of sealed) expect(JSON.stringify(one)).not.toContain('secret"');
  });

  it.each(['iv', 'tag', 'data'] as const)('opens nothing whose %s was changed', (part) => {
    const sealed = ring.seal('the secret', PLACE);
    const bytes = Buffer.from(sealed[part], 'base64');
    bytes[0] ^= 1;
    expect(() => ring.open({ ...sealed, [part]: bytes.toString('base64') }, PLACE)).toThrow(UnreadableSecretError);
  });

  it('opens nothing whose tag was shortened', () => {
    const sealed = ring.seal('the secret', PLACE);
    const tag = Buffer.from(sealed.tag, 'base64').subarray(0, 4).toString('base64');
    expect(() => ring.open({ ...sealed, tag }, PLACE)).toThrow(UnreadableSecretError);
  });

  it.each(['s3/results/sessionToken', 's3/other/secretAccessKey', 'git/results/secretAccessKey', ''])(
    'opens nothing at %j that was sealed for another place',
    (place) => expect(() => ring.open(ring.seal('the secret', PLACE), place)).toThrow('does not fit the key "a"'),
  );

  it('opens nothing with another key of the same id, and names a key that it does not have', () => {
    const sealed = ring.seal('the secret', PLACE);
    expect(() => new KeyRing([key('a', 2)]).open(sealed, PLACE)).toThrow('does not fit the key "a"');
    expect(() => new KeyRing([key('b', 1)]).open(sealed, PLACE)).toThrow('is encrypted with the key "a"');
  });

  it('seals with the first key and opens with all', () => {
    const old = ring.seal('the secret', PLACE);
    const both = new KeyRing([key('b', 2), key('a', 1)]);
    expect(both.open(old, PLACE)).toBe('the secret');
    expect(both.seal('the secret', PLACE).kid).toBe('b');
  });
});
