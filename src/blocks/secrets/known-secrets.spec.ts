import { describe, expect, it } from '@jest/globals';
import { storableText } from '../../database/storable-text.js';
import { KnownSecrets } from './known-secrets.js';

const KEY = 'first line of it\n  and "the second" one\n{\n';

describe(KnownSecrets.name, () => {
  it.each([
    ['as they are', ['hunter2'], 'token hunter2, hunter2!', 'token [redacted], [redacted]!'],
    ['the longer one first', ['hunter', 'hunter2'], 'hunter2 hunter', '[redacted] [redacted]'],
    ['of objects and lists', [{ a: { b: ['hunter2'] } }], 'hunter2', '[redacted]'],
    ['in URLs', ['a b/c'], 'GET /?token=a%20b%2Fc', 'GET /?token=[redacted]'],
    ['in JSON', ['say "it"'], JSON.stringify({ token: 'say "it"' }), '{"token":"[redacted]"}'],
    ['line by line', [KEY], 'and "the second" one', '[redacted]'],
    ['as a whole', [KEY], `<${KEY}>`, '<[redacted]>'],
    ['with what no column takes', ['hun\0ter'], storableText('hun\0ter'), '[redacted]'],
    ['where a text was cut', ['hunter2-is-long'], storableText('is hunter2-is-long', 15), 'is [redacted] ...'],
  ])('hides secrets %s', (_, secrets, text, hidden) => expect(KnownSecrets.of(secrets).hideIn(text)).toBe(hidden));

  it('hides nothing that is shorter than four characters, and no lines of less than eight', () => {
    const text = 'abc { hun ...';
    expect(KnownSecrets.of(['abc', '', KEY, 'hunter2']).hideIn(text)).toBe(text);
  });

  it('hides secrets in all texts of a JSON value', () => {
    const value = { n: 1, none: null, list: ['a hunter2', { hunter2: true }] };
    const hidden = { n: 1, none: null, list: ['a [redacted]', { '[redacted]': true }] };
    expect(KnownSecrets.of(['hunter2']).hideInJson(value)).toEqual(hidden);
  });

  it('knows more with those of others', () => {
    const known = KnownSecrets.of(['hunter2']);
    expect(known.with(KnownSecrets.of(['swordfish'])).hideIn('hunter2 swordfish')).toBe('[redacted] [redacted]');
    expect(known.with(KnownSecrets.of(['hunter2']))).toBe(known);
  });
});
