import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

const FILES_KEPT = 5;
const FILE_NAME = /^postgresql-\d{8}-\d{6}\.log$/;

/**
 * PostgreSQL writes its own log, so that a busy or dead service never makes it wait. A new file starts with the server
 * and at 1 MB.
 */
export function logSettings(directory: string): Record<string, string> {
  return {
    logging_collector: 'on',
    log_directory: directory,
    log_filename: 'postgresql-%Y%m%d-%H%M%S.log',
    log_rotation_size: '1MB',
    log_rotation_age: '0',
    log_timezone: 'UTC',
    log_checkpoints: 'off',
  };
}

/** Removes all but the newest log files; PostgreSQL itself only ever adds some. */
export async function pruneLogFiles(directory: string): Promise<void> {
  const surplus = (await logFiles(directory)).slice(0, -FILES_KEPT);
  await Promise.all(surplus.map((name) => rm(join(directory, name), { force: true })));
}

/**
 * The last lines of the newest log file, for a message about a failure.
 * @param since milliseconds since 1970; a file not written to after that is about something else
 */
export async function lastLogLines(directory: string, since: number, count = 15): Promise<string[]> {
  const newest = (await logFiles(directory)).at(-1);
  if (newest === undefined) return [];
  const path = join(directory, newest);
  if ((await stat(path)).mtimeMs < since) return [];
  return (await readFile(path, 'utf8')).trimEnd().split('\n').slice(-count);
}

async function logFiles(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter((name) => FILE_NAME.test(name)).sort();
}
