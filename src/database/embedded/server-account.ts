import { chmod, chown, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { EmbeddedLayout } from './embedded-layout.js';
import { EmbeddedPostgresError, systemCode } from './embedded-postgres-error.js';
import type { Identity } from './run-command.js';
import { runCommand } from './run-command.js';

/** Tried in this order when the service runs as root, which PostgreSQL refuses to. */
const UNPRIVILEGED_USERS = ['postgres', 'nobody'];

/** The operating-system account that PostgreSQL runs as. */
export interface ServerAccount {
  /** For messages. */
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** What to start programs with: empty when the service runs as this account itself. */
  readonly identity: Identity;
}

/**
 * Chooses the account: the service's own, or, when that is root, the owner of the existing cluster, `postgres` or
 * `nobody`.
 * @throws EmbeddedPostgresError when the cluster belongs to somebody else, or root finds no account to use
 */
export async function chooseServerAccount({ cluster }: EmbeddedLayout): Promise<ServerAccount> {
  const owner = await stat(cluster).catch(() => undefined);
  const uid = process.getuid?.() ?? -1;
  const gid = process.getgid?.() ?? -1;
  if (uid !== 0) {
    if (owner && owner.uid !== uid) {
      throw new EmbeddedPostgresError(
        `${cluster} belongs to user id ${owner.uid}, but Sluice runs as user id ${uid}. Start Sluice as the user it ran as before, ` +
          `or set DATA_DIR to another directory.`,
      );
    }
    return { name: `user id ${uid}`, uid, gid, identity: {} };
  }
  // A postgres user that was added to the system later must not lock out a cluster that nobody owns.
  if (owner && owner.uid !== 0) return switched(`user id ${owner.uid}`, owner.uid, owner.gid);
  for (const user of UNPRIVILEGED_USERS) {
    const [userId, groupId] = await Promise.all([lookUpId('-u', user), lookUpId('-g', user)]);
    if (userId !== undefined && groupId !== undefined) return switched(`user "${user}"`, userId, groupId);
  }
  throw new EmbeddedPostgresError(
    `PostgreSQL refuses to run as root, and this system has neither a user "postgres" nor "nobody". ` +
      `Start Sluice as an ordinary user, or set DATABASE_URL to a PostgreSQL server of your own.`,
  );
}

function switched(name: string, uid: number, gid: number): ServerAccount {
  return { name, uid, gid, identity: { uid, gid } };
}

async function lookUpId(option: '-u' | '-g', user: string): Promise<number | undefined> {
  const { code, stdout } = await runCommand('id', [option, user], {});
  return code === 0 ? Number(stdout) : undefined;
}

/** Makes a directory that only the server's account may enter; an existing one is left as it is. */
export async function makeServerDirectory(path: string, account: ServerAccount): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return;
    throw error;
  }
  if (account.identity.uid !== undefined) await chown(path, account.uid, account.gid);
}

/**
 * Opens a private DATA_DIR of root to the account's group, for passing only (0710), when that lets the account get to
 * the directory in it. Nothing above DATA_DIR is changed, and DATA_DIR not either when the way to it is closed.
 */
export async function openDataDirectory(directory: string, account: ServerAccount): Promise<void> {
  if (account.identity.uid === undefined) return;
  const dataDirectory = dirname(directory);
  const { uid, mode } = await stat(dataDirectory);
  if (uid !== 0 || (mode & 0o077) !== 0 || !(await mayEnter(dirname(dataDirectory), account))) return;
  await chown(dataDirectory, uid, account.gid);
  await chmod(dataDirectory, (mode & 0o7777) | 0o010);
}

/** Whether the server's account can get to the directory; always so when that is the account of the service itself. */
export async function mayEnter(directory: string, account: ServerAccount): Promise<boolean> {
  if (account.identity.uid === undefined) return true;
  const { code } = await runCommand('/bin/sh', ['-c', 'cd -- "$1"', 'sh', directory], account.identity);
  return code === 0;
}

/**
 * @throws EmbeddedPostgresError that names the directory in the way, when the server's account cannot get to its own
 */
export async function assertPassage(directory: string, account: ServerAccount): Promise<void> {
  if (await mayEnter(directory, account)) return;
  const blocked = await explainBlockedPath(directory, account);
  throw new EmbeddedPostgresError(
    `${blocked ?? `PostgreSQL runs as ${account.name}, who may not enter ${directory}.`} The database lies below it. ` +
      `Set DATA_DIR to a directory that every user can get to, for example /srv/sluice, start Sluice as an ordinary user, ` +
      `or set DATABASE_URL to a PostgreSQL server of your own.`,
  );
}

/**
 * Names the first directory on the way to `path` that the account may not pass; undefined when the permission bits
 * allow all.
 */
export async function explainBlockedPath(path: string, account: ServerAccount): Promise<string | undefined> {
  const ways = [path];
  for (let way = path; way !== dirname(way); way = dirname(way)) ways.unshift(dirname(way));
  for (const way of ways) {
    const { uid, gid, mode } = await stat(way);
    const passable = uid === account.uid ? mode & 0o100 : gid === account.gid ? mode & 0o010 : mode & 0o001;
    if (!passable) return `PostgreSQL runs as ${account.name}, who may not enter ${way}.`;
  }
  return undefined;
}
