import type { GetOptions } from './storage.js';
import { StorageError } from './storage-error.js';

type ByteRange = NonNullable<GetOptions['range']>;

/**
 * The bytes of a range that an object has, up to and without `end`; `start` equals `end` where there are none.
 * @throws StorageError `not-found` when it begins behind the end
 */
export function rangeWithin(size: number, range: ByteRange | undefined, key: string): { start: number; end: number } {
  const start = range?.start ?? 0;
  if (start > 0 && start >= size) throw new StorageError('not-found', key, { detail: 'ends before that range' });
  return { start, end: Math.max(start, Math.min(range?.end ?? size, size)) };
}

/** `Range` of HTTP (RFC 9110 section 14.2), whose last byte counts. Not for a range without bytes. */
export function rangeHeader(range: ByteRange | undefined): string | undefined {
  if (range === undefined) return undefined;
  return `bytes=${range.start}-${range.end === undefined ? '' : range.end - 1}`;
}
