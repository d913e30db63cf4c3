import { describe, expect, it } from '@jest/globals';
import { DomainError } from '../../ogc/problems/domain-error.js';
import { parseSubscription, parseSubscriptionChanges } from './subscription-request.js';

const VALID = { url: 'https://example.org/hook', events: ['failed'] };

function refusalOf(body: unknown): DomainError {
  try {
    parseSubscription(body);
  } catch (error) {
    if (error instanceof DomainError) return error;
  }
  throw new Error('it was not refused with a domain error');
}

describe(parseSubscription.name, () => {
  it('fills in what was not said', () => {
    expect(parseSubscription(VALID)).toEqual({
      ...VALID,
      ...{ processIds: null, secret: null, description: null, enabled: true },
    });
  });

  it('takes one process or several, and nothing twice', () => {
    const events = ['failed', 'failed', 'dismissed'];
    expect(parseSubscription({ ...VALID, events, processID: 'a' })).toMatchObject({
      ...{ events: ['failed', 'dismissed'], processIds: ['a'] },
    });
    expect(parseSubscription({ ...VALID, processID: ['a', 'b', 'a'] }).processIds).toEqual(['a', 'b']);
    expect(parseSubscription({ ...VALID, processID: null }).processIds).toBeNull();
  });

  it('keeps URLs in the form that URL gives them', () => {
    expect(parseSubscription({ ...VALID, url: 'HTTPS://Example.org/a b' }).url).toBe('https://example.org/a%20b');
  });

  it.each([
    ['no URL', { events: ['failed'] }, '/url'],
    ['another scheme', { ...VALID, url: 'file:///etc/passwd' }, '/url'],
    ['credentials', { ...VALID, url: 'https://u:p@example.org/' }, '/url'],
    ['a URL that is too long', { ...VALID, url: `https://example.org/${'x'.repeat(2_048)}` }, '/url'],
    ['no events', { ...VALID, events: [] }, '/events'],
    ['an unknown event', { ...VALID, events: ['failed', 'no-such'] }, '/events/1'],
    ['no processes', { ...VALID, processID: [] }, '/processID'],
    ['a short secret', { ...VALID, secret: 'fifteen letters' }, '/secret'],
    ['text that cannot be stored', { ...VALID, description: 'a\u0000b' }, '/description'],
    ['an unknown member', { ...VALID, 'a/b': 1 }, '/a~1b'],
  ])('refuses %s', (_, body, pointer) => {
    const { code, errors } = refusalOf(body);
    expect(code).toBe('invalid-parameter');
    expect(errors!.map((error) => error.pointer)).toEqual([pointer]);
  });

  it('does not repeat a secret that it refuses', () => {
    const error = refusalOf({ ...VALID, secret: 'fifteen letters' });
    expect(JSON.stringify([error.message, error.errors])).not.toContain('fifteen');
  });
});

describe(parseSubscriptionChanges.name, () => {
  it('has the members that were given, null where one is taken away', () => {
    expect(parseSubscriptionChanges({})).toEqual({});
    expect(parseSubscriptionChanges({ secret: null, processID: null, enabled: false })).toEqual({
      ...{ secret: null, processIds: null, enabled: false },
    });
  });
});
