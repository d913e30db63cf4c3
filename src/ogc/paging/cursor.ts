import type { z } from 'zod';
import { invalidQuery } from '../problems/invalid-query.js';

const MAXIMUM_LENGTH = 1_000;

/** Packs the sort key of the last row of a page into an opaque text for the query parameter `cursor`. */
export function encodeCursor(key: unknown): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/**
 * Unpacks a cursor that a client sent back.
 * @param value the query parameter as it came
 * @param shape what the list encodes, for example `z.tuple([z.iso.datetime(), z.uuid()])`
 * @returns nothing when the client sent no cursor
 * @throws DomainError `invalid-query-parameter` for anything this service did not write for such a list
 */
export function decodeCursor<T>(value: unknown, shape: z.ZodType<T>): T | undefined {
  if (value === undefined) return undefined;
  const key = shape.safeParse(unpack(value));
  if (!key.success) {
    throw invalidQuery('cursor', 'is not one that this list handed out');
  }
  return key.data;
}

function unpack(value: unknown): unknown {
  if (typeof value !== 'string' || value.length > MAXIMUM_LENGTH || !/^[\w-]+$/.test(value)) return undefined;
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(value, 'base64url')));
  } catch {
    return undefined;
  }
}
