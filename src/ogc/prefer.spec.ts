import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatPreferenceApplied, parsePrefer, type Preferences } from './prefer.js';

const NONE = { respondAsync: false, wait: undefined, return: undefined, handling: undefined, validateOnly: false };

describe('parsePrefer (RFC 7240)', () => {
  it.each<[string, string | string[] | undefined, Partial<Preferences>]>([
    ['no header', undefined, {}],
    ['an empty header', '', {}],
    ['respond-async', 'respond-async', { respondAsync: true }],
    ['a trailing blank', 'respond-async ', { respondAsync: true }],
    ['any case', 'Respond-Async, RETURN=Minimal', { respondAsync: true, return: 'minimal' }],
    ['a list with blanks', ' respond-async ,\twait = 10 ', { respondAsync: true, wait: 10 }],
    ['several headers', ['wait=5', 'return=representation'], { wait: 5, return: 'representation' }],
    ['quoted values', 'wait="7", handling="strict"', { wait: 7, handling: 'strict' }],
    ['an empty value as none', 'respond-async=""', { respondAsync: true }],
    ['parameters', 'respond-async; foo="a, b"; bar, wait=3', { respondAsync: true, wait: 3 }],
    ['commas inside quotes', 'foo="x, respond-async", handling=lenient', { handling: 'lenient' }],
    ['escaped quotes', 'foo="\\", respond-async", wait=1', { wait: 1 }],
    ['validate-only on its own', 'Validate-Only', { validateOnly: true }],
    [
      'validate-only as a parameter of handling',
      'wait=1, handling=strict; foo="a;b"; validate-only',
      { wait: 1, handling: 'strict', validateOnly: true },
    ],
    ['validate-only of another preference', 'foo; validate-only, validate-only=no', {}],
    ['validate-only inside quotes', 'handling=strict; foo="; validate-only;"', { handling: 'strict' }],
    [
      'the first of a repeated preference',
      'wait=1, wait=2, return=minimal, return=representation',
      { wait: 1, return: 'minimal' },
    ],
    ['unknown preferences', 'depth-noroot, x-shade=dark', {}],
    ['unusable values', 'wait=soon, return=all, handling=, respond-async=no', {}],
    ['negative and broken numbers', 'wait=-1', {}],
    ['an endless wait', `wait=${'9'.repeat(400)}`, { wait: 1_000_000_000 }],
    ['an unfinished quote', 'wait=2, foo="bar, respond-async', { wait: 2 }],
    ['garbage', '=,;;"="\\,,@[]', {}],
  ])('understands %s', (_, header, expected) => {
    expect(parsePrefer(header)).toEqual({ ...NONE, ...expected });
  });

  it('never throws and only gives values it knows, whatever comes in', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.array(fc.string())), (header) => {
        const preferences = parsePrefer(header);
        expect(typeof preferences.respondAsync).toBe('boolean');
        expect([undefined, 'minimal', 'representation']).toContain(preferences.return);
        expect([undefined, 'strict', 'lenient']).toContain(preferences.handling);
        expect(preferences.wait === undefined || Number.isSafeInteger(preferences.wait)).toBe(true);
      }),
    );
  });

  it('reads back what Preference-Applied says', () => {
    const preferences = fc.record({
      respondAsync: fc.boolean(),
      wait: fc.option(fc.nat({ max: 1_000_000_000 }), { nil: undefined }),
      return: fc.constantFrom('minimal' as const, 'representation' as const, undefined),
      handling: fc.constantFrom('strict' as const, 'lenient' as const, undefined),
      validateOnly: fc.boolean(),
    });
    fc.assert(fc.property(preferences, (given) => expect(parsePrefer(formatPreferenceApplied(given))).toEqual(given)));
  });

  it('takes time in proportion to the header', () => {
    expect(parsePrefer(`${'"'.repeat(15_000)}\\`)).toEqual(NONE);
    expect(parsePrefer(`a${' '.repeat(15_000)}=x${' '.repeat(15_000)}x`)).toEqual(NONE);
  });
});

describe('formatPreferenceApplied', () => {
  it('gives nothing when no preference was honoured', () => {
    expect(formatPreferenceApplied({ respondAsync: false })).toBeUndefined();
  });

  it('keeps a wait of zero seconds', () => {
    expect(formatPreferenceApplied({ wait: 0 })).toBe('wait=0');
  });
});
