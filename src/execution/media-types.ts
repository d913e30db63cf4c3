export { isMediaType } from '../ogc/media-type.js';

/** `Text/XML; charset="utf-8"` -> `text/xml` */
export function essence(mediaType: string): string {
  return mediaType.split(';', 1)[0].trim().toLowerCase();
}

/** A parameter of a media type, unquoted: `charset` of `text/xml; charset="utf-8"` is `utf-8`. */
export function mediaTypeParameter(mediaType: string, name: string): string | undefined {
  for (const part of mediaType.split(';').slice(1)) {
    const [key, value] = part.split('=', 2);
    if (key.trim().toLowerCase() === name) return value?.trim().replace(/^"(.*)"$/, '$1');
  }
  return undefined;
}

export function isJsonType(mediaType: string): boolean {
  const type = essence(mediaType);
  return type === 'application/json' || type === 'text/json' || type.endsWith('+json');
}

export function isXmlType(mediaType: string): boolean {
  const type = essence(mediaType);
  return type === 'application/xml' || type === 'text/xml' || type.endsWith('+xml');
}

/** Whether content of this type is text that needs no encoding inside a JSON document. JSON itself is not meant. */
export function isTextType(mediaType: string): boolean {
  return isXmlType(mediaType) || (essence(mediaType).startsWith('text/') && !isJsonType(mediaType));
}

/**
 * Whether content of type `given` may stand where `wanted` is expected: the same type whatever its parameters, or
 * another name of the same syntax (any JSON for JSON, any XML for XML), which validation then looks into.
 */
export function isCompatible(given: string, wanted: string): boolean {
  return (
    essence(given) === essence(wanted) ||
    (isJsonType(given) && isJsonType(wanted)) ||
    (isXmlType(given) && isXmlType(wanted))
  );
}
