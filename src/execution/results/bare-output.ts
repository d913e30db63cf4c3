import { mediaTypeParameter } from '../../ogc/media-type.js';
import type { Content, ContentPiece } from './content.js';
import type { OutputFormat } from './output-format.js';
import type { ResultOutput } from './result-output.js';

/** Outputs are content of strangers served from the API's own origin: a browser shall show them, not run them. */
export const BARE_HEADERS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; sandbox",
  vary: 'accept',
};

/** An output on its own, as a body or as a part of one. */
export interface BareOutput {
  /** value of `Content-Type` */
  readonly contentType: string;
  readonly content: Content;
}

/** Writes an output in a format chosen from its available ones, its bytes in base64 when that is asked for. */
export function bareOutput(output: ResultOutput, format: OutputFormat, encoding?: 'base64'): BareOutput {
  const { contentType, content } = plainOutput(output, format);
  return { contentType, content: encoding === undefined ? content : content.map(inBase64) };
}

/** @param piece the only one of its content */
function inBase64(piece: ContentPiece): ContentPiece {
  if (typeof piece === 'string') return Buffer.from(piece).toString('base64');
  return Buffer.isBuffer(piece) ? piece.toString('base64') : { ...piece, base64: true };
}

function plainOutput(output: ResultOutput, { mediaType, writing }: OutputFormat): BareOutput {
  if (output.kind === 'file') {
    return { contentType: mediaType, content: [{ bytes: output.bytes, start: 0, end: output.size }] };
  }
  const { value } = output;
  switch (writing) {
    case 'bytes':
      return { contentType: mediaType, content: [Buffer.from(String(value), 'base64')] };
    case 'text':
      return { contentType: withCharset(mediaType), content: [String(value)] };
    default:
      return { contentType: mediaType, content: [JSON.stringify(value ?? null)] };
  }
}

/** Text of this service is UTF-8, which is not the default of `text/*`. */
function withCharset(mediaType: string): string {
  const isText = mediaType.trim().toLowerCase().startsWith('text/');
  return isText && mediaTypeParameter(mediaType, 'charset') === undefined ? `${mediaType}; charset=utf-8` : mediaType;
}
