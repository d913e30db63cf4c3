import { pointerPart } from '../processes/validation/violation-writer.js';

/** Builds a JSON pointer (RFC 6901) from unescaped tokens: `jsonPointer('inputs', 'a/b', 0)` is `/inputs/a~1b/0`. */
export function jsonPointer(...tokens: (string | number)[]): string {
  return tokens.map((token) => `/${pointerPart(String(token))}`).join('');
}
