import { Readable } from 'node:stream';
import type { ByteSpan, StoredBytes } from '../../jobs/files/stored-bytes.js';
import { DomainError } from '../../ogc/problems/domain-error.js';

/** A run of bytes of a file; with `base64` the bytes are written in that encoding. */
export interface FileSlice extends ByteSpan {
  readonly bytes: StoredBytes;
  readonly base64?: boolean;
}

/** A piece of a body: text (as UTF-8) or bytes in memory, or a run of bytes of a file. */
export type ContentPiece = string | Buffer | FileSlice;

/** A body made of pieces; its length is known before the first byte is read. */
export type Content = readonly ContentPiece[];

/** Length in bytes. */
export function contentLength(content: Content): number {
  return content.reduce((sum, piece) => sum + pieceLength(piece), 0);
}

/**
 * Makes sure that every file is there and as long as expected, while the answer can still be an error.
 * @throws DomainError `result-not-available`; StorageError when the storage cannot be asked
 */
export async function requireFiles(content: Content): Promise<void> {
  for (const piece of content) {
    if (isInMemory(piece)) continue;
    const size = await piece.bytes.size();
    if (size === undefined || size < piece.end) {
      throw new DomainError('result-not-available', 'The stored bytes of an output are gone.');
    }
  }
}

/**
 * A stream when a file is among the pieces, which fails when it turns out shorter than promised; else text or bytes. When
 * the stream is closed, so is what it reads.
 */
export function openContent(content: Content): string | Buffer | Readable {
  if (content.length === 1 && typeof content[0] === 'string') return content[0];
  const texts = content.filter((piece) => typeof piece === 'string');
  if (texts.length === content.length) return texts.join('');
  const inMemory = content.filter(isInMemory);
  if (inMemory.length < content.length) {
    const closed = new AbortController();
    const stream = Readable.from(chunks(content, closed.signal), { objectMode: false });
    return stream.once('close', () => closed.abort());
  }
  return Buffer.concat(inMemory.map(bytesOf));
}

function bytesOf(piece: string | Buffer): Buffer {
  return typeof piece === 'string' ? Buffer.from(piece) : piece;
}

function isInMemory(piece: ContentPiece): piece is string | Buffer {
  return typeof piece === 'string' || Buffer.isBuffer(piece);
}

function pieceLength(piece: ContentPiece): number {
  if (isInMemory(piece)) return Buffer.byteLength(piece);
  const bytes = piece.end - piece.start;
  return piece.base64 === true ? 4 * Math.ceil(bytes / 3) : bytes;
}

async function* chunks(content: Content, signal: AbortSignal): AsyncGenerator<Buffer> {
  for (const piece of content) {
    if (isInMemory(piece)) yield bytesOf(piece);
    else if (piece.base64 === true) yield* encoded(slice(piece, signal));
    else yield* slice(piece, signal);
  }
}

async function* slice({ bytes, start, end }: FileSlice, signal: AbortSignal): AsyncGenerator<Buffer> {
  if (start >= end) return;
  let missing = end - start;
  for await (const chunk of (await bytes.read({ start, end }, signal)) as AsyncIterable<Buffer>) {
    missing -= chunk.length;
    yield chunk;
  }
  if (missing > 0) throw new Error(`A stored file is ${missing} bytes shorter than promised`);
}

async function* encoded(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let pending: Buffer = Buffer.alloc(0);
  for await (const chunk of source) {
    const bytes = Buffer.concat([pending, chunk]);
    // Only whole groups of three bytes encode without padding.
    const whole = bytes.length - (bytes.length % 3);
    pending = bytes.subarray(whole);
    yield Buffer.from(bytes.subarray(0, whole).toString('base64'), 'latin1');
  }
  if (pending.length > 0) yield Buffer.from(pending.toString('base64'), 'latin1');
}
