import { isAbsolute } from 'node:path';
import { isMediaType } from '../ogc/media-type.js';
import type { StorageAsk } from './storage-asks.js';

const LONGEST_KEY = 4_000;

const isText = (value: unknown) => typeof value === 'string' && value.length <= LONGEST_KEY;
const isPath = (value: unknown) => isText(value) && isAbsolute(value as string);
const isAbsent = (value: unknown) => value === undefined;

const SHAPES: Record<StorageAsk['operation'], (ask: Record<string, unknown>) => boolean> = {
  stat: ({ key }) => isText(key),
  delete: ({ key }) => isText(key),
  list: ({ prefix, after }) => isText(prefix) && (isAbsent(after) || isText(after)),
  get: ({ key, path }) => isText(key) && isPath(path),
  put: ({ key, path, mediaType, overwrite }) =>
    isText(key) &&
    isPath(path) &&
    (isAbsent(mediaType) || isMediaType(mediaType)) &&
    (isAbsent(overwrite) || typeof overwrite === 'boolean'),
};

/** Whether what was sent is a {@link StorageAsk}. */
export function isStorageAsk(ask: Record<string, unknown>): ask is Record<string, unknown> & StorageAsk {
  const { operation, storage } = ask;
  return (
    typeof operation === 'string' &&
    Object.hasOwn(SHAPES, operation) &&
    (isAbsent(storage) || isText(storage)) &&
    SHAPES[operation as StorageAsk['operation']](ask)
  );
}
