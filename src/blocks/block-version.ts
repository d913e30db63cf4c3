import type { BlockRow } from './store/block-rows.js';

/**
 * The entity tag of a stored block (RFC 9110 section 8.8.3), without quotes. A block that was removed and made again
 * has another one, though its numbers begin anew.
 */
export function blockTag({ created_at: created, version }: Pick<BlockRow, 'created_at' | 'version'>): string {
  return `${created.getTime().toString(36)}-${version}`;
}

/** What a request expects a block to be: any (`*`), or one with one of these tags. */
export type ExpectedTags = '*' | readonly string[];

/** Reads an `If-Match` header (RFC 9110 section 13.1.1); weak tags never match. @returns nothing without one */
export function readIfMatch(header: string | undefined): ExpectedTags | undefined {
  if (header === undefined) return undefined;
  if (header.trim() === '*') return '*';
  return [...header.matchAll(/(W\/)?"([^"]*)"/g)].filter(([, weak]) => weak === undefined).map(([, , tag]) => tag);
}
