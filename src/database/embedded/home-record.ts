import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EmbeddedPostgresError, NOT_TO_BE_SEEN, systemCode } from './embedded-postgres-error.js';

/**
 * In DATA_DIR/postgres: the home of its cluster. Written once the cluster is complete, so a home without one is a loss.
 */
const LOCATION = 'location.json';
/** In a home: the DATA_DIR/postgres that it belongs to. Written before anything else. */
const OWNER = 'belongs-to.json';

const ABSENT: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR']);

/** The file of a DATA_DIR/postgres that names its home. */
export function locationFile(root: string): string {
  return join(root, LOCATION);
}

/** The home that a DATA_DIR/postgres names, or undefined when it names none. */
export function readLocation(root: string): Promise<string | undefined> {
  return readRecord(locationFile(root), ABSENT);
}

/** Names the home of a DATA_DIR/postgres. */
export function writeLocation(root: string, home: string): Promise<void> {
  return writeRecord(locationFile(root), home);
}

/** The DATA_DIR/postgres that a home names, or undefined when there is no such home or it names none. */
export function readOwner(home: string): Promise<string | undefined> {
  return readRecord(join(home, OWNER), NOT_TO_BE_SEEN);
}

/** Names the DATA_DIR/postgres that a home belongs to. */
export function writeOwner(home: string, root: string): Promise<void> {
  return writeRecord(join(home, OWNER), root);
}

/** @param absent codes of the errors that mean: there is none */
async function readRecord(path: string, absent: ReadonlySet<string | undefined>): Promise<string | undefined> {
  let content: string;
  try {
    content = await readFile(path, 'utf8');
  } catch (error) {
    if (absent.has(systemCode(error))) return undefined;
    throw new EmbeddedPostgresError(`${path} cannot be read (${(error as Error).message}).`, { cause: error });
  }
  const directory = parseDirectory(content);
  if (directory !== undefined) return directory;
  throw new EmbeddedPostgresError(
    `${path} is damaged: it should hold {"directory": "..."} with the absolute path of a directory. Correct it by hand.`,
  );
}

function parseDirectory(content: string): string | undefined {
  try {
    const { directory } = JSON.parse(content) as { directory?: unknown };
    return typeof directory === 'string' && directory.startsWith('/') ? directory : undefined;
  } catch {
    return undefined;
  }
}

async function writeRecord(path: string, directory: string): Promise<void> {
  const temporary = `${path}.new`;
  await rm(temporary, { force: true });
  await writeFile(temporary, `${JSON.stringify({ directory })}\n`, { mode: 0o644, flag: 'wx', flush: true });
  await rename(temporary, path);
}
