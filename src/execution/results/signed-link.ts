import { createHmac, timingSafeEqual } from 'node:crypto';

/** What a signature is about. */
export interface LinkedOutput {
  readonly jobId: string;
  readonly outputId: string;
  /** seconds since 1970 */
  readonly expires: number;
}

/** @returns the signature of a link (HMAC-SHA256, base64url) */
export function linkSignature(key: Buffer, { jobId, outputId, expires }: LinkedOutput): string {
  return createHmac('sha256', key)
    .update(JSON.stringify([jobId, outputId, expires]))
    .digest('base64url');
}

/** Whether a link is signed with one of the keys. */
export function isSigned(keys: readonly Buffer[], linked: LinkedOutput, signature: string): boolean {
  const given = Buffer.from(signature);
  return keys.some((key) => {
    const right = Buffer.from(linkSignature(key, linked));
    return right.length === given.length && timingSafeEqual(right, given);
  });
}
