const HIDDEN = '[redacted]';

const SECRET_NAME =
  'authorization|cookie|set-cookie|pass(?:word|wd|phrase)?|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|credentials?|signature';
const SECRET_KEYS = [
  new RegExp(`(?:^|[-_.])(?:${SECRET_NAME})$`, 'i'),
  /(?:Authorization|Cookie|Password|Secret|Token|Credentials?|(?:Api|Access|Private|Secret)Key)$/,
];

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  // postgres://user:password@host, up to the last @ of the word; a port is no password
  [/([a-z][a-z0-9+.-]*:\/\/[^\s/:@"']*):(?!\d{1,5}(?:[/?#]|$))[^\s"']*@/gi, `$1:${HIDDEN}@`],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]{4,}/gi, `$1 ${HIDDEN}`],
  // key=value in URLs, connection strings and prose; X-Amz-Signature=... too
  [new RegExp(`((?:^|[?&;,\\s"'_-])(?:${SECRET_NAME})=)[^\\s&;,"'\\\\]+`, 'gi'), `$1${HIDDEN}`],
];

/** Hides what looks like a secret in a text: passwords in URLs, bearer tokens, `token=...` and the like. */
export function redactText(text: string): string {
  return PATTERNS.reduce((result, [pattern, replacement]) => result.replace(pattern, replacement), text);
}

/**
 * Copies a value for the log with its secrets hidden: every member whose name says that it is one, and every text by
 * {@link redactText}. Errors become `{type, message, stack, code?, cause?}`. Depth is limited; cycles are cut.
 */
export function redactValue(value: unknown, depth = 6): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0) return '[...]';
  if (value instanceof Date || value instanceof URL)
    return redactText(String(value instanceof Date ? value.toJSON() : value));
  if (value instanceof Error) return redactError(value, depth);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.map((item) => redactValue(item, depth - 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      SECRET_KEYS.some((name) => name.test(key)) ? HIDDEN : redactValue(member, depth - 1),
    ]),
  );
}

function redactError(error: Error, depth: number): Record<string, unknown> {
  const { code, cause } = error as Error & { code?: unknown };
  return {
    type: error.name,
    message: redactText(error.message),
    stack: redactText(error.stack ?? ''),
    ...(code !== undefined && { code: redactValue(code, depth - 1) }),
    ...(error instanceof AggregateError && { errors: redactValue(error.errors, depth - 1) }),
    ...(cause !== undefined && { cause: redactValue(cause, depth - 1) }),
  };
}
