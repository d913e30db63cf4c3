/** Builds a JSON pointer (RFC 6901) from unescaped tokens: `jsonPointer('inputs', 'a/b', 0)` is `/inputs/a~1b/0`. */
export function jsonPointer(...tokens: (string | number)[]): string {
  return tokens.map((token) => `/${String(token).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
