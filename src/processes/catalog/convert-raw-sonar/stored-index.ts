import { isJsonObject } from '../../../ogc/json-object.js';
import type { RawIndex } from './raw-index.js';

/** A {@link RawIndex} as JSON, which a step can remember; some tens of kilobytes at most. */
export type StoredIndex = Readonly<Record<string, unknown>>;

/** Turns an index into JSON and loses nothing: times keep their nanoseconds, and numbers that JSON does not know stay. */
export function storeIndex(index: RawIndex): StoredIndex {
  return encode(index) as StoredIndex;
}

/** The index that {@link storeIndex} was given. */
export function readIndex(stored: StoredIndex): RawIndex {
  return decode(stored) as RawIndex;
}

/** What JSON has no form for becomes an object with one member, which says what it is. */
function encode(value: unknown): unknown {
  if (typeof value === 'bigint') return { $bigint: String(value) };
  if (typeof value === 'number') {
    if (Object.is(value, -0)) return { $number: '-0' };
    return Number.isFinite(value) ? value : { $number: String(value) };
  }
  if (value instanceof Map) return { $map: [...(value as Map<string, unknown>)].map(encode) };
  if (Array.isArray(value)) return value.map(encode);
  return isJsonObject(value) ? mapMembers(value, encode) : value;
}

function decode(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(decode);
  if (!isJsonObject(value)) return value;
  if ('$bigint' in value) return BigInt(value.$bigint as string);
  if ('$number' in value) return Number(value.$number);
  if ('$map' in value) return new Map(decode(value.$map) as [string, unknown][]);
  return mapMembers(value, decode);
}

function mapMembers(object: object, turn: (value: unknown) => unknown): Record<string, unknown> {
  const members = Object.entries(object).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([name, member]) => [name, turn(member)]));
}
