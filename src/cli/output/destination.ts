import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../cli-error.js';
import { extensionOf } from '../inputs/media-type-of-path.js';

/** Where `--output` leads to. */
export interface Destination {
  readonly kind: 'file' | 'directory';
  readonly path: string;
}

/**
 * An existing directory, or a path that ends with a slash, is a directory; for several outputs every path that does
 * not exist yet. Everything else is a file.
 * @throws UsageError when several outputs would go into one file
 */
export async function destinationOf(path: string, outputs: number): Promise<Destination> {
  const existing = await stat(path).catch(() => undefined);
  if (existing?.isDirectory() || /[\\/]$/.test(path)) return { kind: 'directory', path };
  if (outputs <= 1) return { kind: 'file', path };
  if (existing === undefined) return { kind: 'directory', path };
  throw new UsageError(
    `${path} is a file, and there are ${outputs} outputs.`,
    'Name a directory, or choose one output with --out.',
  );
}

/** The path of one output: the file itself, or a name made of the output's id in the directory. */
export function pathOf({ kind, path }: Destination, outputId: string, mediaType: string): string {
  if (kind === 'file') return path;
  // An id is any text of the server's: it must not lead out of the directory.
  const name = encodeURIComponent(outputId).replace(/^\.+/, (dots) => '%2E'.repeat(dots.length));
  return join(path, name + extensionOf(mediaType));
}
