import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CliError } from '../cli-error.js';
import { ExitCode } from '../exit-code.js';

/**
 * Streams content into a file, which appears only when it is complete. A device or a pipe is written to directly.
 * @throws CliError when it cannot be written
 */
export async function writeFileWhole(path: string, content: Readable | string | Uint8Array): Promise<void> {
  const existing = await stat(path).catch(() => undefined);
  const isSpecial = existing !== undefined && !existing.isFile();
  const target = isSpecial ? path : `${path}.${randomUUID()}.part`;
  try {
    await pipeline(
      typeof content === 'string' || content instanceof Uint8Array ? [content] : content,
      createWriteStream(target),
    );
    if (!isSpecial) await rename(target, path);
  } catch (error) {
    if (!isSpecial) await rm(target, { force: true });
    if (error instanceof CliError) throw error;
    throw new CliError(`${path} was not written: ${(error as Error).message}`, ExitCode.usage);
  }
}
