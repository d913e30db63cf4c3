import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { CliError, UsageError } from '../cli-error.js';
import { ExitCode } from '../exit-code.js';

/** Bytes of an ordinary file; a pipe or standard input has no size. @throws UsageError when it cannot be read */
export async function sizeOf(path: string): Promise<number | undefined> {
  if (path === '-') return undefined;
  try {
    const info = await stat(path);
    if (info.isDirectory()) throw new Error('it is a directory');
    return info.isFile() ? info.size : undefined;
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** @param path `-` is standard input @throws CliError */
export async function* bytesOf(path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* path === '-' ? process.stdin : createReadStream(path, { highWaterMark: 192 * 1024 });
  } catch (error) {
    throw new CliError(`${path} cannot be read: ${(error as Error).message}`, ExitCode.usage);
  }
}

/** @param path `-` is standard input */
export function unreadable(path: string, error: unknown): UsageError {
  return new UsageError(`${path === '-' ? 'Standard input' : path} cannot be read: ${(error as Error).message}`);
}
