import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { systemCode } from './embedded-postgres-error.js';
import { pathExists } from './path-exists.js';
import { binariesIn, linkSharedLibraries, type PostgresBinaries } from './postgres-binaries.js';
import { mayEnter, type ServerAccount } from './server-account.js';
import type { EmbeddedPostgresLogger } from './server-launch.js';
import { syncToDisk } from './sync-to-disk.js';
import { prepareSystemDirectory } from './system-directory.js';

const STAGING = '.copy-';
/** No copy takes this long, so one that was begun before is what a killed service left. */
const ABANDONED_AFTER = 3_600_000;

interface ProgramPlace {
  readonly account: ServerAccount;
  readonly systemDirectory: string;
  readonly logger: EmbeddedPostgresLogger;
}

/**
 * Provides programs that the server's account can get to: the installed ones, or a copy of them, made once for each
 * version, below the system directory. When neither is possible, the installed ones are returned, and running them
 * tells what is in the way.
 */
export async function provideBinaries(installed: PostgresBinaries, place: ProgramPlace): Promise<PostgresBinaries> {
  if (await mayEnter(dirname(installed.postgres), place.account)) {
    await linkSharedLibraries(installed);
    return installed;
  }
  try {
    return await copiedBinaries(installed, place);
  } catch (error) {
    place.logger.warn(
      `The programs of PostgreSQL cannot be copied to ${place.systemDirectory} (${(error as Error).message}).`,
    );
    return installed;
  }
}

/**
 * A copy is made under another name and renamed when it is complete and on disk, so several services may make it at
 * once.
 */
async function copiedBinaries(installed: PostgresBinaries, place: ProgramPlace): Promise<PostgresBinaries> {
  const { account, systemDirectory, logger } = place;
  await prepareSystemDirectory(systemDirectory, account);
  const { version } = JSON.parse(await readFile(join(installed.directory, 'package.json'), 'utf8')) as {
    version: string;
  };
  const name = `postgresql-${version}-${basename(installed.packageName)}`;
  const copy = binariesIn(installed.packageName, join(systemDirectory, name));
  if (await pathExists(copy.directory)) return copy;

  logger.info(`${account.name} may not enter ${installed.directory}; copying these programs to ${copy.directory}.`);
  await discardAbandoned(systemDirectory, name);
  const staging = await mkdtemp(`${copy.directory}${STAGING}`);
  try {
    await copyForEveryone(installed.directory, staging);
    await linkSharedLibraries(binariesIn(installed.packageName, staging));
    await rename(staging, copy.directory);
    await syncToDisk(systemDirectory);
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    // Another service was faster, with the same programs.
    if (systemCode(error) !== 'ENOTEMPTY' && systemCode(error) !== 'EEXIST') throw error;
  }
  return copy;
}

/**
 * Copies files and directories, readable for everyone whatever the modes of the originals; symbolic links are left to
 * be made anew.
 */
async function copyForEveryone(from: string, to: string): Promise<void> {
  const entries = await readdir(from, { recursive: true, withFileTypes: true });
  const directories = [to];
  for (const entry of entries) {
    const source = join(entry.parentPath, entry.name);
    const target = join(to, relative(from, source));
    if (entry.isDirectory()) {
      await mkdir(target, { recursive: true });
      directories.push(target);
    } else if (entry.isFile()) {
      await mkdir(dirname(target), { recursive: true });
      await copyFile(source, target);
      await chmod(target, ((await stat(source)).mode & 0o100) === 0 ? 0o644 : 0o755);
      await syncToDisk(target);
    }
  }
  for (const directory of directories) {
    await chmod(directory, 0o755);
    await syncToDisk(directory);
  }
}

async function discardAbandoned(systemDirectory: string, name: string): Promise<void> {
  const names = (await readdir(systemDirectory)).filter((entry) => entry.startsWith(`${name}${STAGING}`));
  for (const path of names.map((entry) => join(systemDirectory, entry))) {
    const made = await stat(path).catch(() => undefined);
    if (made && made.ctimeMs < Date.now() - ABANDONED_AFTER) await rm(path, { recursive: true, force: true });
  }
}
