const MOST_CAUSES = 5;

/** Words for what network and services say, by the beginning of their code. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/^(ENOTFOUND|EAI_AGAIN|ENODATA)$/, 'the name of its host is not found'],
  [/^ECONNREFUSED$/, 'the connection is refused'],
  [/^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/, 'the connection broke'],
  [/^(EHOSTUNREACH|ENETUNREACH)$/, 'there is no way to its network'],
  [/TIMEOUT$|^ETIMEDOUT$|^TimeoutError$/, 'there is no answer in time'],
];

interface Cause {
  readonly code?: unknown;
  readonly name?: unknown;
  readonly cause?: unknown;
  readonly errors?: readonly unknown[];
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/**
 * What kind of trouble lies below the error of a storage, for operators. Names neither address nor secret.
 * @returns a clause; nothing when it is not known
 */
export function outageCause(error: Error): string | undefined {
  let cause = error.cause as Cause | undefined;
  for (let depth = 0; cause != null && depth < MOST_CAUSES; depth += 1) {
    const { code, name } = cause;
    for (const [pattern, words] of WORDS) {
      if ([code, name].some((text) => typeof text === 'string' && pattern.test(text))) return words;
    }
    const status = cause.$metadata?.httpStatusCode;
    if (status !== undefined && status >= 500) return `it answers ${status}`;
    // Several addresses of one name were tried: each has an error of its own.
    cause = (cause.cause ?? cause.errors?.[0]) as Cause | undefined;
  }
  return undefined;
}
