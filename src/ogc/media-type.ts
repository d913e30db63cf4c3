const TOKEN = "[\\w!#$%&'*+.^`|~-]+";
const QUOTED = '"(?:[\\t\\x20\\x21\\x23-\\x5b\\x5d-\\x7e]|\\\\[\\t\\x20-\\x7e])*"';
/** `type/subtype` and parameters. White space has one way to match only, so that no text takes long to refuse. */
const MEDIA_TYPE = new RegExp(`^${TOKEN}/${TOKEN}(?:[ \\t]*;(?:[ \\t]*${TOKEN}=(?:${TOKEN}|${QUOTED}))?)*[ \\t]*$`);
const LONGEST = 255;

/** Whether a value is a media type (RFC 9110, 8.3.1) of at most 255 characters: it may stand in a header and a column. */
export function isMediaType(value: unknown): value is string {
  return typeof value === 'string' && value.length <= LONGEST && MEDIA_TYPE.test(value);
}
