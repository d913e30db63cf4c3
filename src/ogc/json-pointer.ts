/** One reference token of a JSON pointer, escaped (RFC 6901 section 3). */
export function pointerPart(name: string): string {
  if (!name.includes('~') && !name.includes('/')) return name;
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** Builds a JSON pointer (RFC 6901) from unescaped tokens: `jsonPointer('inputs', 'a/b', 0)` is `/inputs/a~1b/0`. */
export function jsonPointer(...tokens: (string | number)[]): string {
  return tokens.map((token) => `/${pointerPart(String(token))}`).join('');
}
