import canonicalize from 'canonicalize';
import { createHash } from 'node:crypto';

/** sha256 of the canonical JSON (RFC 8785) of a value. @returns lower-case hexadecimal */
export function canonicalDigest(value: unknown): string {
  // Lone surrogates have no canonical form in RFC 8785; they are legal in JSON text, and no reason to fail.
  const canonical = canonicalize(wellFormed(value)) ?? 'null';
  return createHash('sha256').update(canonical).digest('hex');
}

function wellFormed(value: unknown): unknown {
  if (typeof value === 'string') return value.isWellFormed() ? value : { $text: JSON.stringify(value) };
  if (Array.isArray(value)) return value.map(wellFormed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key.isWellFormed() ? key : JSON.stringify(key), wellFormed(member)]),
  );
}
