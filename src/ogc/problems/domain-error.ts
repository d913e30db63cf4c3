import type { ProblemCode } from './problem-catalog.js';

/** One violation inside a request: where (a JSON pointer, RFC 6901, into the request body) and what. */
export interface Violation {
  readonly pointer: string;
  readonly detail: string;
}

/** What a client is told besides the code and the sentence. */
export interface DomainErrorOptions extends ErrorOptions {
  /** All violations found, not only the first. */
  readonly errors?: readonly Violation[];
  /** Seconds after which the client may try again (`Retry-After`). */
  readonly retryAfter?: number;
  /** The job that the error is about, where one is on record; problem documents and the log name it. */
  readonly jobId?: string;
}

/**
 * The only error services throw on purpose: a stable code and a sentence for the person who reads it.
 * HTTP is no concern of the thrower; the problem filter looks the code up in the catalog.
 */
export class DomainError extends Error {
  readonly errors?: readonly Violation[];
  readonly retryAfter?: number;
  readonly jobId?: string;

  constructor(
    readonly code: ProblemCode,
    detail: string,
    options: DomainErrorOptions = {},
  ) {
    super(detail, options);
    this.name = 'DomainError';
    this.errors = options.errors;
    this.retryAfter = options.retryAfter;
    this.jobId = options.jobId;
  }
}
