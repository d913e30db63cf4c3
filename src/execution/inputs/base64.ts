import { InputViolation } from './input-violation.js';

/** Characters decoded at a time. */
const CHUNK = 1 << 20;

/**
 * Decodes base64 piece by piece. Both alphabets of RFC 4648 are read, and line breaks and blanks between the
 * characters, as MIME writes them; padding may be missing but not wrong.
 * @throws InputViolation at the first piece that is not base64
 */
export function* decodeBase64(text: string): Generator<Buffer> {
  let pending = '';
  let isAtEnd = false;
  for (let start = 0; start < text.length; start += CHUNK) {
    const piece = text.slice(start, start + CHUNK).replace(/[ \t\r\n]+/g, '');
    if (piece === '') continue;
    const characters = pending + piece;
    if (isAtEnd || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(characters)) throw new InputViolation('must be base64');
    const groups = characters.slice(0, characters.length - (characters.length % 4));
    pending = characters.slice(groups.length);
    isAtEnd = groups.endsWith('=');
    if (groups !== '') yield Buffer.from(groups, 'base64');
  }
  if (pending.length === 1 || pending.includes('=')) throw new InputViolation('must be base64');
  if (pending !== '') yield Buffer.from(pending, 'base64');
}
