import { TextDecoder } from 'node:util';
import { mediaTypeParameter } from '../../ogc/media-type.js';
import { InputViolation } from './input-violation.js';

/**
 * Decodes bytes as text in the `charset` of their media type, UTF-8 without one.
 * @throws InputViolation
 */
export async function decodeText(
  content: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  mediaType: string | undefined,
): Promise<string> {
  const charset = (mediaType && mediaTypeParameter(mediaType, 'charset')) || 'utf-8';
  let decoder: TextDecoder;
  try {
    decoder = new TextDecoder(charset, { fatal: true });
  } catch (error) {
    throw new InputViolation(`has the unknown character set ${charset}`, { cause: error });
  }
  const parts: string[] = [];
  const decode = (chunk?: Uint8Array): void => {
    try {
      parts.push(decoder.decode(chunk, { stream: chunk !== undefined }));
    } catch (error) {
      throw new InputViolation(`is not text in the character set ${charset}`, { cause: error });
    }
  };
  for await (const chunk of content) decode(chunk);
  decode();
  return parts.join('');
}
