import type { Readable } from 'node:stream';

/** What a reference leads to. */
export interface ReferencedContent {
  /** Read it to its end or destroy it. */
  readonly body: Readable;
  /** as far as it is known */
  readonly contentType?: string;
  /** of the file, as far as it is known */
  readonly name?: string;
}

/** Reads what references lead to that are no URLs of http or https, and are known by their scheme. */
export abstract class ReferenceSource {
  /** lower case, without the colon */
  abstract readonly schemes: readonly string[];

  /**
   * Whether what it reads has come to this service under limits of its own, so that those for what lies elsewhere
   * (MAX_REFERENCE, REFERENCE_TIMEOUT) do not count.
   */
  readonly isOwn: boolean = false;

  /** @throws UnavailableReference with words for the client */
  abstract open(href: string, signal: AbortSignal): Promise<ReferencedContent>;
}
