import { describe, expect, it } from '@jest/globals';
import { validateHeaderValue } from 'node:http';
import { formatLinkHeader } from './link.js';

describe('formatLinkHeader (RFC 8288)', () => {
  it('writes several links in one header', () => {
    expect(
      formatLinkHeader([
        { href: 'https://example.org/jobs/1', rel: 'monitor', type: 'application/json', title: 'The "job"' },
        { href: 'https://example.org/a%20b', rel: 'next' },
      ]),
    ).toBe(
      '<https://example.org/jobs/1>; rel="monitor"; type="application/json"; title="The \\"job\\"", <https://example.org/a%20b>; rel="next"',
    );
  });

  it('lets nothing end the URI or the header early', () => {
    const header = formatLinkHeader([{ href: 'https://example.org/a>b c\r\nX: 1/ü', rel: 'item', title: 'grün\r\n' }]);
    expect(header).toBe('<https://example.org/a%3Eb%20c%0D%0AX:%201/%C3%BC>; rel="item"; title="gr?n??"');
    expect(() => validateHeaderValue('Link', header)).not.toThrow();
  });
});
