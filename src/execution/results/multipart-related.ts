import { randomUUID } from 'node:crypto';
import { percentEncoded } from '../../ogc/links/percent-encoding.js';
import { essence, MediaType } from '../../ogc/media-type.js';
import type { Content, ContentPiece } from './content.js';

/** One part: with content, or empty with the URL where the content lies. */
export interface RelatedPart {
  readonly contentId: string;
  readonly contentType: string;
  readonly content?: Content;
  /** in which the content is written; absent for plain bytes */
  readonly encoding?: 'base64';
  readonly location?: string;
}

/**
 * Writes a multipart/related body (RFC 2387). The boundary is random and made after the content exists, so the content
 * cannot hold it. Content-ID is the output id itself, as OGC 18-062r2 /req/core/process-execute-sync-raw-value-multi
 * asks.
 */
export function multipartRelated(parts: readonly RelatedPart[]): { contentType: string; content: Content } {
  const boundary = `part-${randomUUID()}`;
  const pieces = parts.flatMap(({ contentId, contentType, content = [], encoding, location }): ContentPiece[] => {
    const headers = [`Content-Type: ${headerText(contentType)}`, `Content-ID: ${headerText(contentId)}`];
    if (encoding !== undefined) headers.push(`Content-Transfer-Encoding: ${encoding}`);
    if (location !== undefined) headers.push(`Content-Location: ${headerText(location)}`);
    return [`--${boundary}\r\n${headers.join('\r\n')}\r\n\r\n`, ...content, '\r\n'];
  });
  const root = parts[0] && essence(parts[0].contentType).replace(/["\\]/g, '');
  return {
    contentType: `${MediaType.multipartRelated}; boundary="${boundary}"${root ? `; type="${root}"` : ''}`,
    content: [...pieces, `--${boundary}--\r\n`],
  };
}

/** Keeps a header on its line and in ASCII. */
function headerText(text: string): string {
  return text.replace(/[^\x20-\x7e]/gu, percentEncoded);
}
