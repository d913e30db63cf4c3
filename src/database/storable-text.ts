/**
 * NUL and lone surrogates: legal in a JavaScript string, refused by PostgreSQL's text. Columns of JSON keep its
 * escapes.
 */
const UNSTORABLE = /[\u0000\p{Surrogate}]/gu;

/** The same characters as `JSON.stringify` escapes them; matching whole escapes keeps `\\u0000` (a backslash) apart. */
const JSON_ESCAPE = /\\(?:u[0-9a-f]{4}|.)/g;
const UNSTORABLE_ESCAPE = /^\\u(?:0000|d[89a-f][0-9a-f]{2})$/;

const ELLIPSIS = ' ...';

/**
 * Makes text safe for a column: unstorable characters become U+FFFD, and what is longer than `limit` is cut.
 * @param limit in UTF-16 code units; none by default
 */
export function storableText(text: string, limit = Infinity): string {
  const cut = text.length > limit ? text.slice(0, limit - ELLIPSIS.length) + ELLIPSIS : text;
  return cut.replace(UNSTORABLE, '\ufffd');
}

/** Whether text fits a column as it is. */
export function isStorableText(text: string): boolean {
  return text.search(UNSTORABLE) === -1;
}

/** Replaces unstorable characters in a text made by `JSON.stringify` by U+FFFD, for tools that read logs as text. */
export function storableJson(json: string): string {
  if (!json.includes('\\u')) return json;
  return json.replace(JSON_ESCAPE, (escape) => (UNSTORABLE_ESCAPE.test(escape) ? '\ufffd' : escape));
}
