import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { embeddedLayout } from './embedded-layout.js';
import { EmbeddedPostgresError, NOT_TO_BE_SEEN, systemCode } from './embedded-postgres-error.js';
import { locationFile, readLocation, readOwner, writeOwner } from './home-record.js';
import { chooseServerAccount, mayEnter, openDataDirectory } from './server-account.js';
import type { EmbeddedPostgresLogger } from './server-launch.js';
import { prepareSystemDirectory } from './system-directory.js';

/**
 * So much of the path of DATA_DIR appears in the name of its home; the paths of the sockets in there must stay short.
 */
const NAME_KEPT = 40;

interface HomeSearch {
  /** DATA_DIR/postgres by its real path; the caller holds its lock. */
  readonly root: string;
  readonly systemDirectory: string;
  readonly logger: EmbeddedPostgresLogger;
}

/**
 * Finds the home of the cluster, which is `root` itself, or a directory below the system directory when PostgreSQL's
 * account cannot get to `root`. Where a database is already, there it stays: what `root` names decides, then a cluster
 * in `root`, then one in a home that names `root`. Only when there is none of these, a new home is chosen.
 * @throws EmbeddedPostgresError when a database should be there and is not, or when there are two
 */
export async function findHome(search: HomeSearch): Promise<string> {
  const { root, systemDirectory, logger } = search;
  const named = await readLocation(root);
  if (named !== undefined) {
    await assertOnlyDatabase(root, named);
    return named;
  }
  if (await hasCluster(root)) return root;
  const home = await ownHome(systemDirectory, root);
  if (await hasCluster(home)) {
    logger.warn(
      `${root} holds no database and names none, but the one in ${home} was made for it and is used again. ` +
        `To begin with an empty database, stop Sluice and remove that directory.`,
    );
    return home;
  }
  await warnOfAbandonedHomes(search);
  return chooseNewHome(search, home);
}

/**
 * Makes a home elsewhere the one of `root`. DATA_DIR may have been moved since, but a copy of it must not use the
 * original's database. The caller holds the locks of both.
 * @throws EmbeddedPostgresError when another DATA_DIR names the same home
 */
export async function claimHome(root: string, home: string): Promise<void> {
  const owner = await readOwner(home);
  if (owner === root) return;
  if (owner !== undefined && (await readLocation(owner)) === home && !(await isSameDirectory(owner, root))) {
    throw new EmbeddedPostgresError(
      `${root} is a copy of ${owner}: both name the database in ${home}, which belongs to the latter. ` +
        `To begin with an empty database here, remove ${locationFile(root)}; to hand the database over, remove ${locationFile(owner)}.`,
    );
  }
  await writeOwner(home, root);
}

async function chooseNewHome({ root, systemDirectory, logger }: HomeSearch, home: string): Promise<string> {
  const account = await chooseServerAccount(embeddedLayout(root));
  await openDataDirectory(root, account);
  if (await mayEnter(root, account)) return root;
  try {
    await prepareSystemDirectory(systemDirectory, account);
    await mkdir(home, { recursive: true });
    await chmod(home, 0o711);
  } catch (error) {
    logger.warn(`${systemDirectory} cannot take the database instead of ${root} (${(error as Error).message}).`);
    return root;
  }
  return home;
}

async function assertOnlyDatabase(root: string, named: string): Promise<void> {
  const record = locationFile(root);
  if (!(await hasCluster(named))) {
    throw new EmbeddedPostgresError(
      `The database of ${root} is not in ${named}, where it should be according to ${record}. Bring it back there. ` +
        `Only when it is lost, remove ${record} to begin with an empty database.`,
    );
  }
  if (await hasCluster(root)) {
    throw new EmbeddedPostgresError(
      `There are two databases: one in ${root}, and one in ${named}, which ${record} names. ` +
        `Remove that file to use the former, or move the former away to use the latter.`,
    );
  }
}

/**
 * The first name derived from `root` that is free or already its own; others are taken by a DATA_DIR that was moved
 * away.
 */
async function ownHome(systemDirectory: string, root: string): Promise<string> {
  const words = dirname(root)
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '')
    .join('-');
  const hash = createHash('sha256').update(root).digest('hex').slice(0, 8);
  const name = `${words.slice(-NAME_KEPT).replace(/^-/, '')}-${hash}`.replace(/^-/, '');
  for (let number = 1; ; number++) {
    const home = join(systemDirectory, number === 1 ? name : `${name}-${number}`);
    const owner = await readOwner(home);
    if (owner === undefined || owner === root) return home;
  }
}

/** A DATA_DIR that was moved and lost its record cannot be recognized, so its database is at least pointed out. */
async function warnOfAbandonedHomes({ root, systemDirectory, logger }: HomeSearch): Promise<void> {
  const abandoned: string[] = [];
  for (const name of await readdir(systemDirectory).catch(() => [])) {
    const home = join(systemDirectory, name);
    const owner = await readOwner(home).catch(() => undefined);
    if (owner === undefined || !(await hasCluster(home))) continue;
    const named = await readLocation(owner).catch(() => home);
    if (named !== home) abandoned.push(`${home} (made for ${owner})`);
  }
  if (abandoned.length === 0) return;
  logger.warn(
    `A new database is made for ${root}, although there are some that no DATA_DIR names any more: ${abandoned.join(', ')}. ` +
      `Should one of them be the right one, stop Sluice, move away the database in ${root}, if it is there, ` +
      `and write {"directory": "..."} with the path of the right one to ${locationFile(root)}.`,
  );
}

/** Whether a cluster is there, as far as this user can see: a home that is closed to the user is not the user's. */
async function hasCluster(home: string): Promise<boolean> {
  return stat(embeddedLayout(home).cluster).then(
    () => true,
    (error: unknown) => {
      if (NOT_TO_BE_SEEN.has(systemCode(error))) return false;
      throw error;
    },
  );
}

async function isSameDirectory(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([stat(one), stat(other)]);
  return a.dev === b.dev && a.ino === b.ino;
}
