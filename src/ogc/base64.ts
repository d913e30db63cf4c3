/** Characters read at a time. */
const CHUNK = 1 << 20;

/** Thrown for text that is not base64; the message completes a sentence about it. */
export class NotBase64 extends Error {
  override readonly name = 'NotBase64';

  constructor() {
    super('must be base64');
  }
}

/**
 * Decodes base64 piece by piece. Both alphabets of RFC 4648 are read, and line breaks and blanks between the
 * characters, as MIME writes them; padding may be missing but not wrong.
 * @throws NotBase64 at the first piece that is not base64
 */
export function* decodeBase64(text: string): Generator<Buffer> {
  for (const groups of base64Groups(text)) yield Buffer.from(groups, 'base64');
}

/** Whether {@link decodeBase64} reads the text to its end. */
export function isBase64(text: string): boolean {
  try {
    for (const _ of base64Groups(text));
    return true;
  } catch (error) {
    if (error instanceof NotBase64) return false;
    throw error;
  }
}

/** Whole groups of four characters, without blanks, and at last what is left of one. @throws NotBase64 */
function* base64Groups(text: string): Generator<string> {
  let pending = '';
  let isAtEnd = false;
  for (let start = 0; start < text.length; start += CHUNK) {
    const piece = text.slice(start, start + CHUNK).replace(/[ \t\r\n]+/g, '');
    if (piece === '') continue;
    const characters = pending + piece;
    if (isAtEnd || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(characters)) throw new NotBase64();
    const groups = characters.slice(0, characters.length - (characters.length % 4));
    pending = characters.slice(groups.length);
    isAtEnd = groups.endsWith('=');
    if (groups !== '') yield groups;
  }
  if (pending.length === 1 || pending.includes('=')) throw new NotBase64();
  if (pending !== '') yield pending;
}
