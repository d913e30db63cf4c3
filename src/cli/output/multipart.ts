/** A part of a multipart body. */
export interface Part {
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const LINE_END = Buffer.from('\r\n');
const HEAD_END = Buffer.from('\r\n\r\n');

/**
 * Takes a multipart body apart (RFC 2046 section 5.1.1).
 * @returns nothing when the body is not what its media type says
 */
export function readParts(contentType: string, body: Buffer): Part[] | undefined {
  const [, quoted, plain] = /;\s*boundary\s*=\s*(?:"([^"]+)"|([^\s;]+))/i.exec(contentType) ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined) return undefined;
  // The line end before a boundary belongs to the boundary; the first one may do without.
  const text = Buffer.concat([LINE_END, body]);
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  const parts: Part[] = [];
  let at = text.indexOf(delimiter);
  while (at >= 0) {
    const start = at + delimiter.length;
    if (text.toString('latin1', start, start + 2) === '--') return parts;
    const next = text.indexOf(delimiter, start);
    if (next < 0) return undefined;
    parts.push(readPart(text.subarray(start, next)));
    at = next;
  }
  return undefined;
}

/** @param part from the end of the line of its boundary on */
function readPart(part: Buffer): Part {
  const end = part.indexOf(HEAD_END);
  const head = part.toString('utf8', 0, end < 0 ? part.length : end);
  const headers = head.split('\r\n').flatMap((line) => {
    const [, name, value] = /^([^:\s]+):\s*(.*?)\s*$/.exec(line) ?? [];
    return name === undefined ? [] : [[name.toLowerCase(), value] as const];
  });
  return {
    headers: Object.fromEntries(headers),
    body: end < 0 ? Buffer.alloc(0) : part.subarray(end + HEAD_END.length),
  };
}
