import { isJsonObject, ownMember, type JsonObject } from '../../ogc/json-object.js';
import { isMediaType } from '../../ogc/media-type.js';
import type { Violation } from '../../ogc/problems/domain-error.js';
import { jsonPointer } from '../../ogc/json-pointer.js';

/** What a client says about the form of a value (format.yaml). */
export interface InputFormat {
  readonly mediaType?: string;
  /** lower case */
  readonly encoding?: string;
  /** Which alternative of the input is meant, and where in the request that stands. */
  readonly schema?: { readonly named: string | JsonObject; readonly pointer: string };
}

/** The members of format.yaml; they stand beside `value`, or nested under `format`. */
export const FORMAT_MEMBERS = ['mediaType', 'encoding', 'schema', 'format'] as const;

/**
 * Reads the format of a qualified value or a reference. Members beside the value come before nested ones; `type` is
 * the media type of a link.
 * @param report hears of members of the wrong type
 */
export function readFormat(object: JsonObject, pointer: string, report: (violation: Violation) => void): InputFormat {
  const format = ownMember(object, 'format') ?? {};
  if (!isJsonObject(format)) {
    report({ pointer: pointer + jsonPointer('format'), detail: 'must be an object' });
    return {};
  }
  const text = (parent: JsonObject, name: string, path: string): string | undefined => {
    const value = ownMember(parent, name);
    if (value === undefined || typeof value === 'string') return value?.trim() || undefined;
    report({ pointer: path + jsonPointer(name), detail: 'must be a string' });
    return undefined;
  };
  const nested = pointer + jsonPointer('format');
  const type = (parent: JsonObject, name: string, path: string): string | undefined => {
    const value = text(parent, name, path);
    if (value === undefined || isMediaType(value)) return value;
    report({ pointer: path + jsonPointer(name), detail: 'must be a media type' });
    return undefined;
  };
  const schema = (parent: JsonObject, path: string): InputFormat['schema'] => {
    const named = ownMember(parent, 'schema');
    if (named === undefined) return undefined;
    const place = path + jsonPointer('schema');
    if (typeof named === 'string' || isJsonObject(named)) return { named, pointer: place };
    report({ pointer: place, detail: 'must be a URL or an object' });
    return undefined;
  };
  const isLink = Object.hasOwn(object, 'href');
  return {
    mediaType:
      (isLink ? type(object, 'type', pointer) : undefined) ??
      type(object, 'mediaType', pointer) ??
      type(format, 'mediaType', nested),
    encoding: (text(object, 'encoding', pointer) ?? text(format, 'encoding', nested))?.toLowerCase(),
    schema: schema(object, pointer) ?? schema(format, nested),
  };
}
