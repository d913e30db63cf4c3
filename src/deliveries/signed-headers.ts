import { createHmac } from 'node:crypto';

/**
 * The headers that every call has. `Sluice-Event-Id` is the same for every attempt, so that a receiver can tell a
 * repetition. With a secret, `Sluice-Signature` is `v1=` and the HMAC-SHA256, in hexadecimal digits, of the value of
 * `Sluice-Timestamp`, a full stop and the body.
 * @param now milliseconds since 1970
 */
export function signedHeaders(eventId: string, body: Buffer, now: number, secret?: string): Record<string, string> {
  const timestamp = String(Math.floor(now / 1_000));
  return {
    'content-type': 'application/json',
    'sluice-event-id': eventId,
    'sluice-timestamp': timestamp,
    ...(secret !== undefined && {
      'sluice-signature': `v1=${createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest('hex')}`,
    }),
  };
}
