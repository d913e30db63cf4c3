import { extensionOf, OCTETS } from '../inputs/media-type-of-path.js';
import { isJsonObject } from '../json-object.js';

/** One member of a results document, told apart (OGC 18-062r2 results.yaml). */
export type DocumentOutput =
  | { readonly kind: 'reference'; readonly href: string; readonly mediaType: string }
  | { readonly kind: 'bytes'; readonly bytes: Buffer; readonly mediaType: string }
  | { readonly kind: 'text'; readonly text: string; readonly mediaType: string }
  | { readonly kind: 'json'; readonly value: unknown; readonly mediaType: string };

/** Sees what a member is: a link, a qualified value, or a bare value. */
export function readDocumentOutput(member: unknown): DocumentOutput {
  if (isJsonObject(member)) {
    const { href, type, value, encoding } = member;
    if (typeof href === 'string' && !('value' in member)) {
      return { kind: 'reference', href, mediaType: typeof type === 'string' ? type : '' };
    }
    const format = isJsonObject(member.format) ? member.format : member;
    const mediaType = typeof format.mediaType === 'string' ? format.mediaType : undefined;
    if ('value' in member && (mediaType !== undefined || Object.keys(member).length === 1)) {
      if (typeof value === 'string' && (encoding ?? format.encoding) === 'base64') {
        const bytes = Buffer.from(value, 'base64');
        return { kind: 'bytes', bytes, mediaType: mediaType ?? OCTETS };
      }
      return plain(value, mediaType);
    }
  }
  return plain(member, undefined);
}

function plain(value: unknown, mediaType: string | undefined): DocumentOutput {
  return typeof value === 'string'
    ? { kind: 'text', text: value, mediaType: mediaType ?? 'text/plain' }
    : { kind: 'json', value, mediaType: mediaType ?? 'application/json' };
}

/** A results document for people: short values in full, files by their size or address. */
export function resultsText(document: Readonly<Record<string, unknown>>): string {
  const lines = Object.entries(document).map(([id, member]) => {
    const output = readDocumentOutput(member);
    switch (output.kind) {
      case 'reference':
        return `${id}: ${output.href}`;
      case 'bytes':
        return `${id}: ${output.bytes.length} bytes of ${output.mediaType} (--output DIRECTORY saves them)`;
      case 'text':
        return `${id}: ${output.text}`;
      case 'json':
        return `${id}: ${JSON.stringify(output.value, undefined, 2)}`;
    }
  });
  return lines.length > 0 ? lines.join('\n') : 'The job has no outputs.';
}

/** What is written into the file of an output. */
export function contentOf(output: Exclude<DocumentOutput, { kind: 'reference' }>): string | Uint8Array {
  if (output.kind === 'bytes') return output.bytes;
  return output.kind === 'text' ? output.text : `${JSON.stringify(output.value)}\n`;
}

/** Whether a media type is something a terminal can show. */
export function isText(mediaType: string): boolean {
  return mediaType === '' || /^text\/|json|xml|yaml|javascript/i.test(mediaType) || extensionOf(mediaType) === '.txt';
}
