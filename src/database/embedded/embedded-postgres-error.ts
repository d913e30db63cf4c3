/** The embedded PostgreSQL cannot be used as things are; the message says why and what the operator can do about it. */
export class EmbeddedPostgresError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EmbeddedPostgresError';
  }
}

/** The codes of an attempt to look at something that does not exist, or not for this user. */
export const NOT_TO_BE_SEEN: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR', 'EACCES']);

/** The code of a system error (`ENOENT`, `EACCES` ...), or undefined for anything else. */
export function systemCode(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}
