import { createHash, type Hash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { copyFile, lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { OutputContent } from '../processes/job-context.js';

/** What is known of a file after every byte passed by once. */
export interface FileFacts {
  /** bytes */
  readonly size: number;
  /** lower-case hexadecimal */
  readonly sha256: string;
}

const PLAIN_NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/;

/**
 * A file name for an output id. Ids are free text, so anything but a plain lower-case name gets a hash: no id leaves
 * the directory, and ids that differ in case only do not meet on a file system that ignores case.
 */
export function outputFileName(outputId: string): string {
  if (PLAIN_NAME.test(outputId)) return outputId;
  const readable = outputId.replace(/[^A-Za-z0-9_-]+/g, '_').slice(0, 40);
  return `${readable}-${createHash('sha256').update(outputId).digest('hex').slice(0, 16)}`;
}

/**
 * Streams content to `path`, holding one chunk at a time. The file appears under its name when it is complete and on
 * disk; on failure nothing is left.
 * @throws AbortError when `signal` fires; whatever the content throws
 */
export async function writeFileOnce(path: string, content: OutputContent, signal: AbortSignal): Promise<FileFacts> {
  const partial = `${path}.partial`;
  const digest = new StreamDigest();
  await mkdir(dirname(path), { recursive: true });
  const file = createWriteStream(partial, { flush: true });
  try {
    await pipeline(toReadable(content), (chunks) => digest.pass(chunks), file, { signal });
    await settle(partial, path);
  } catch (error) {
    // Content may fail while the file is still being opened, which then makes it.
    if (!file.closed) await new Promise<void>((resolve) => file.once('close', () => resolve()));
    await rm(partial, { force: true });
    throw error;
  }
  return digest.facts();
}

/**
 * Moves a file to `path`, copying only when it lies on another file system.
 * @throws TypeError when `source` is not a regular file (a link could point anywhere)
 */
export async function adoptFile(source: string, path: string, signal: AbortSignal): Promise<FileFacts> {
  if (!(await lstat(source)).isFile()) throw new TypeError(`${source} is not a regular file`);
  const partial = `${path}.partial`;
  const digest = new StreamDigest();
  await mkdir(dirname(path), { recursive: true });
  try {
    await move(source, partial);
    await pipeline(
      createReadStream(partial),
      (chunks) => digest.pass(chunks),
      async (chunks) => {
        for await (const _chunk of chunks);
      },
      { signal },
    );
    await sync(partial);
    await settle(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  return digest.facts();
}

function toReadable(content: OutputContent): Readable {
  if (content instanceof Readable) return content;
  // Readable.from would walk a buffer byte by byte in some versions; one chunk is what is meant.
  return Readable.from(typeof content === 'string' || content instanceof Uint8Array ? [content] : content);
}

class StreamDigest {
  private readonly hash: Hash = createHash('sha256');
  private size = 0;

  async *pass(chunks: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk, 'utf8') : chunk;
      if (!(bytes instanceof Uint8Array)) {
        throw new TypeError(`An output must be made of bytes or text, not of ${typeof chunk} chunks`);
      }
      this.hash.update(bytes);
      this.size += bytes.byteLength;
      yield bytes;
    }
  }

  facts(): FileFacts {
    return { size: this.size, sha256: this.hash.digest('hex') };
  }
}

async function move(source: string, target: string): Promise<void> {
  try {
    await rename(source, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    await copyFile(source, target);
    await rm(source, { force: true });
  }
}

/** Gives a complete file its name, and makes the name last through a power cut. */
async function settle(partial: string, path: string): Promise<void> {
  await rename(partial, path);
  await sync(join(path, '..'));
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
