/** The media types this service names in responses, links and the OpenAPI document. */
export const MediaType = {
  json: 'application/json',
  problem: 'application/problem+json',
  openApi30: 'application/vnd.oai.openapi+json;version=3.0',
  openApi31: 'application/vnd.oai.openapi+json;version=3.1',
  html: 'text/html',
  text: 'text/plain',
  graphviz: 'text/vnd.graphviz',
  mermaid: 'text/vnd.mermaid',
  svg: 'image/svg+xml',
  eventStream: 'text/event-stream',
  multipartRelated: 'multipart/related',
  octets: 'application/octet-stream',
} as const;

const TOKEN = "[\\w!#$%&'*+.^`|~-]+";
const QUOTED = '"(?:[\\t\\x20\\x21\\x23-\\x5b\\x5d-\\x7e]|\\\\[\\t\\x20-\\x7e])*"';
/** `type/subtype` and parameters. White space has one way to match only, so that no text takes long to refuse. */
const MEDIA_TYPE = new RegExp(`^${TOKEN}/${TOKEN}(?:[ \\t]*;(?:[ \\t]*${TOKEN}=(?:${TOKEN}|${QUOTED}))?)*[ \\t]*$`);
const LONGEST = 255;

/** Whether a value is a media type (RFC 9110, 8.3.1) of at most 255 characters: it may stand in a header and a column. */
export function isMediaType(value: unknown): value is string {
  return typeof value === 'string' && value.length <= LONGEST && MEDIA_TYPE.test(value);
}

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

/** Whether content of this type is JSON text. */
export function isJsonType(mediaType: string): boolean {
  const type = essence(mediaType);
  return type === MediaType.json || type === 'text/json' || type.endsWith('+json');
}

/** Whether content of this type is XML. */
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
