/** A character as the percent-encoded bytes of its UTF-8 form (RFC 3986 section 2.1): `%C3%A4` for `ä`. */
export function percentEncoded(character: string): string {
  return Array.from(Buffer.from(character), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}
