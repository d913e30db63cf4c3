import { readFileSync } from 'node:fs';
import { UsageError } from '../cli-error.js';

const HEADER = /^([!#$%&'*+.^_`|~\w-]+)\s*:\s*([\t\x20-\x7e\x80-\xff]*?)\s*$/;

/**
 * Reads headers given as `Name: value`, or as `@file` with one per line; the latter keeps a secret out of the list of
 * processes. No message repeats what was given, because it may be the secret.
 * @returns by lower-case name; of a repeated one the last counts
 * @throws UsageError
 */
export function readHeaders(given: readonly string[]): Record<string, string> {
  const lines = given.flatMap((text) => (text.startsWith('@') ? linesOf(text.slice(1)) : [text]));
  return Object.fromEntries(
    lines.map((line) => {
      const [, name, value] = HEADER.exec(line) ?? [];
      if (name === undefined) throw new UsageError('A header is not of the form "Name: value".');
      return [name.toLowerCase(), value];
    }),
  );
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8')
      .split(/\r?\n/)
      .filter((line) => line.trim() !== '');
  } catch (error) {
    throw new UsageError(`The file of headers cannot be read: ${(error as Error).message}`);
  }
}
