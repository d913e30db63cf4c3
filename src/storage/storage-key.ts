import { StorageError } from './storage-error.js';

/** Bytes of UTF-8: what S3 takes, less room for a prefix. */
const LONGEST_KEY = 900;
/** Bytes of one segment: what file systems take, less room for the name of a partial file. */
const LONGEST_SEGMENT = 200;
const CONTROL = /\p{Cc}/u;

/**
 * Checks a key before a storage acts on it: segments divided by single `/`, none of them empty, `.` or `..`, no
 * backslash, no control character, well-formed, at most 900 bytes and 200 a segment.
 * @throws StorageError `invalid-key`
 */
export function checkKey(key: string): string {
  const segments = key.split('/');
  const isValid =
    key.isWellFormed() &&
    Buffer.byteLength(key) <= LONGEST_KEY &&
    !key.includes('\\') &&
    !CONTROL.test(key) &&
    segments.every((segment) => !['', '.', '..'].includes(segment) && Buffer.byteLength(segment) <= LONGEST_SEGMENT);
  if (!isValid) throw new StorageError('invalid-key', JSON.stringify(key.slice(0, 100)));
  return key;
}

/**
 * Checks what keys are to begin with: empty, or the beginning of something that {@link checkKey} takes.
 * @throws StorageError `invalid-key`
 */
export function checkPrefix(prefix: string): string {
  if (prefix !== '') checkKey(`${prefix}x`);
  return prefix;
}

export function isKey(text: string): boolean {
  try {
    checkKey(text);
    return true;
  } catch {
    return false;
  }
}

/** The order in which storages list: by code units of UTF-8, which is not that of JavaScript beyond U+D7FF. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/**
 * Checks the beginning of keys that are to be removed, which must leave something.
 * @throws StorageError `invalid-key`
 */
export function checkPrefixToRemove(prefix: string): string {
  if (prefix === '') throw new StorageError('invalid-key', 'An empty prefix', { detail: 'would remove everything' });
  return checkPrefix(prefix);
}
