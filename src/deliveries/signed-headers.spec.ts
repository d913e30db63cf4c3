import { describe, expect, it } from '@jest/globals';
import { signedHeaders } from './signed-headers.js';

const BODY = Buffer.from('{"result":"ä"}');
const NOW = Date.UTC(2026, 0, 2, 3, 4, 5, 999);

describe(signedHeaders.name, () => {
  it('names the event and the time', () => {
    expect(signedHeaders('j/4', BODY, NOW)).toEqual({
      'content-type': 'application/json',
      'sluice-event-id': 'j/4',
      'sluice-timestamp': '1767323045',
    });
  });

  it('signs the time and the body with HMAC-SHA256 when there is a secret', () => {
    // printf '1767323045.{"result":"ä"}' | openssl dgst -sha256 -hmac a-shared-secret-of-both
    expect(signedHeaders('j/4', BODY, NOW, 'a-shared-secret-of-both')).toMatchObject({
      'sluice-signature': 'v1=1839899d669f3f47fc7c32dd2524205fa125b71912c55fac1f973faea6c0e048',
    });
  });
});
