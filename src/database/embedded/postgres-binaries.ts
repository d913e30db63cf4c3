import { existsSync } from 'node:fs';
import { readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { EmbeddedPostgresError, systemCode } from './embedded-postgres-error.js';
import { runCommand } from './run-command.js';
import type { ServerAccount } from './server-account.js';
import { explainBlockedPath } from './server-account.js';

const USE_ANOTHER_SERVER = 'set DATABASE_URL to a PostgreSQL server of your own';

/** The programs of a binary package. */
export interface PostgresBinaries {
  readonly packageName: string;
  /** Root directory of the package. */
  readonly directory: string;
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * Finds the binary package of this platform.
 * @throws EmbeddedPostgresError when there is none, or when it is not installed
 */
export function locatePostgresBinaries(
  platform: string = process.platform,
  arch: string = process.arch,
): PostgresBinaries {
  const packageName = `@embedded-postgres/${platform}-${arch}`;
  if (platform === 'win32') {
    throw new EmbeddedPostgresError(`The embedded PostgreSQL does not run on Windows; ${USE_ANOTHER_SERVER}.`);
  }
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(packageName);
  } catch (error) {
    throw new EmbeddedPostgresError(
      `The embedded PostgreSQL for ${platform} on ${arch} is not installed: there is no package ${packageName}. ` +
        `Install Sluice again without leaving out optional dependencies, or ${USE_ANOTHER_SERVER}.`,
      { cause: error },
    );
  }
  // The package exports only dist/index.js; the programs lie beside dist.
  return binariesIn(packageName, dirname(dirname(entry)));
}

/** The programs of a binary package, or of a copy of it, in this directory. */
export function binariesIn(packageName: string, directory: string): PostgresBinaries {
  const bin = join(directory, 'native', 'bin');
  return { packageName, directory, initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres') };
}

/**
 * Makes the symbolic links between the shared libraries where the package's install script did not run.
 * @throws EmbeddedPostgresError when a link is missing and cannot be made
 */
export async function linkSharedLibraries({ directory, packageName }: PostgresBinaries): Promise<void> {
  const links = JSON.parse(await readFile(join(directory, 'native', 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    const path = join(directory, target);
    if (existsSync(path)) continue;
    try {
      await symlink(relative(dirname(path), join(directory, source)), path);
    } catch (error) {
      // Another service that starts from the same installation may have been faster.
      if (systemCode(error) === 'EEXIST') continue;
      throw new EmbeddedPostgresError(
        `The embedded PostgreSQL is incomplete, ${path} is missing and cannot be made (${(error as Error).message}). ` +
          `Run "npm rebuild ${packageName}" as a user who may write there, or ${USE_ANOTHER_SERVER}.`,
        { cause: error },
      );
    }
  }
}

/**
 * Asks the server program for its version, as the account that will run it: this proves at the same time that the
 * program can be reached and that its libraries load.
 * @returns the major version, for example `18`
 * @throws EmbeddedPostgresError when the program does not run
 */
export async function readMajorVersion(binaries: PostgresBinaries, account: ServerAccount): Promise<string> {
  let complaint: string;
  let cause: unknown;
  try {
    const { code, stdout, stderr } = await runCommand(binaries.postgres, ['--version'], account.identity);
    const major = /\(PostgreSQL\) (\d+)/.exec(stdout)?.[1];
    if (code === 0 && major) return major;
    complaint = stderr.trim() || `exit code ${String(code)}`;
  } catch (error) {
    const blocked = await explainBlockedPath(dirname(binaries.postgres), account);
    if (blocked) {
      throw new EmbeddedPostgresError(
        `${blocked} Sluice is installed below it (${binaries.directory}). Install Sluice where every user may enter, ` +
          `for example /opt/sluice, start it as an ordinary user, or ${USE_ANOTHER_SERVER}.`,
        { cause: error },
      );
    }
    complaint = (error as Error).message;
    cause = error;
  }
  throw new EmbeddedPostgresError(
    `The embedded PostgreSQL does not run on this system (${complaint}). Its programs need glibc 2.27 or newer; ` +
      `Alpine Linux and other musl systems are not supported. On such a system ${USE_ANOTHER_SERVER}.`,
    { cause },
  );
}
