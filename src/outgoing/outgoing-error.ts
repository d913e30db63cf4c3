const SENTENCES = {
  url: 'is not an absolute http or https URL',
  credentials: 'carries a user name or a password, which is not allowed',
  address: 'leads to an address that this service does not connect to',
  redirects: 'redirects too often',
  'host-not-found': 'names a host that cannot be found',
  connection: 'cannot be reached',
  timeout: 'did not answer in time',
  'too-large': 'is larger than this service accepts',
  encoding: 'has a content encoding that cannot be undone',
} as const;

/** What can go wrong with an outgoing request. */
export type OutgoingFault = keyof typeof SENTENCES;

/**
 * Why an outgoing request failed. The message completes a sentence about the URL ("The reference ...") and names no
 * address, so that a client cannot read the service's network from it.
 */
export class OutgoingError extends Error {
  constructor(
    readonly fault: OutgoingFault,
    options?: ErrorOptions,
  ) {
    super(SENTENCES[fault], options);
    this.name = 'OutgoingError';
  }

  /** Turns what the HTTP client, DNS, TLS or zlib threw into one of the known faults. */
  static from(error: unknown): OutgoingError {
    if (error instanceof OutgoingError) return error;
    const code = (error as { code?: unknown } | null)?.code;
    return new OutgoingError(typeof code === 'string' ? faultOf(code) : 'connection', { cause: error });
  }
}

function faultOf(code: string): OutgoingFault {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'ENODATA') return 'host-not-found';
  if (code.endsWith('_TIMEOUT') || code === 'ETIMEDOUT') return 'timeout';
  if (code.startsWith('Z_') || code.startsWith('ERR__ERROR_') || code.startsWith('ERR_BROTLI')) return 'encoding';
  return 'connection';
}
