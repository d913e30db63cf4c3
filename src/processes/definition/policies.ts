/** `RetryOptions`, checked and with every default filled in. Durations are milliseconds. */
export interface RetryPolicy {
  readonly attempts: number;
  readonly delay: number | readonly number[] | ((attempt: number, error: unknown) => number);
  readonly factor: number;
  readonly jitter: number;
  /** `Infinity` when there is none */
  readonly maxDelay: number;
  readonly retryIf?: (error: unknown, attempt: number) => boolean;
}

/** `ProcessCacheOptions`, checked. */
export interface ProcessCachePolicy {
  /** a template, see `renderTemplate` */
  readonly key?: string;
  /** milliseconds */
  readonly ttl?: number;
  readonly refresh: boolean;
}

/** `ProcessConcurrencyOptions`, checked. */
export interface ProcessConcurrencyPolicy {
  readonly limit: number;
  /** a template, see `renderTemplate` */
  readonly key?: string;
  readonly onLimit: 'queue' | 'cancelNew' | 'cancelRunning';
}
