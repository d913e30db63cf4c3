import type { ProblemCode } from './problem-catalog.js';

/** One violation inside a request: where (a JSON pointer, RFC 6901, into the request body) and what. */
export interface Violation {
  readonly pointer: string;
  readonly detail: string;
}

export interface DomainErrorOptions extends ErrorOptions {
  /** All violations found, not only the first. */
  readonly errors?: readonly Violation[];
  /** Seconds after which the client may try again (`Retry-After`). */
  readonly retryAfter?: number;
}

/**
 * The only error services throw on purpose: a stable code and a sentence for the person who reads it.
 * HTTP is no concern of the thrower; the problem filter looks the code up in the catalog.
 */
export class DomainError extends Error {
  readonly errors?: readonly Violation[];
  readonly retryAfter?: number;

  constructor(
    readonly code: ProblemCode,
    detail: string,
    options: DomainErrorOptions = {},
  ) {
    super(detail, options);
    this.name = 'DomainError';
    this.errors = options.errors;
    this.retryAfter = options.retryAfter;
  }
}
