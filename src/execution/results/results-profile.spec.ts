import { describe, expect, it } from '@jest/globals';
import { asksForDocument } from './results-profile.js';

const URI = 'https://www.opengis.net/def/profile/OGC/0/ogc-results';

describe(asksForDocument.name, () => {
  it.each([
    ['ogc-results', undefined],
    [URI, undefined],
    [URI.replace('https', 'http'), undefined],
    ['[ogc-profile:ogc-results]', undefined],
    ['another, ogc-results', undefined],
    [undefined, `application/json;profile="${URI}"`],
    [undefined, `text/html, application/json; q=0.5; profile="https://a.example/other ${URI}"`],
    [undefined, 'application/json; Profile=ogc-results, */*'],
  ])('profile=%s, Accept: %s: yes (2.0 /req/query-param-profile/definition)', (profile, accept) => {
    expect(asksForDocument(profile, accept)).toBe(true);
  });

  it.each([
    [undefined, undefined],
    ['not-ogc-results-2', undefined],
    ['ogc-results-2', undefined],
    ['https://a.example/ogc-results', undefined],
    [`${URI}/2`, undefined],
    ['ogc-execute-request', 'application/json'],
    [undefined, 'application/json;profile="https://a.example/ogc-results"'],
    [undefined, 'application/ogc-results'],
  ])('profile=%s, Accept: %s: no', (profile, accept) => expect(asksForDocument(profile, accept)).toBe(false));
});
