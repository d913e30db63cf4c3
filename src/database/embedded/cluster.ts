import { createHash, randomBytes } from 'node:crypto';
import { chown, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { EmbeddedLayout } from './embedded-layout.js';
import { EmbeddedPostgresError, systemCode } from './embedded-postgres-error.js';
import { pathExists } from './path-exists.js';
import type { PostgresBinaries } from './postgres-binaries.js';
import { runCommand } from './run-command.js';
import type { ServerAccount } from './server-account.js';
import { syncToDisk } from './sync-to-disk.js';

/** The role the service connects as: owner of its database, no superuser. */
export const USER = 'sluice';

/** The database of the service in the cluster. */
export const DATABASE = 'sluice';

const STAGING_PREFIX = 'cluster-in-the-making-';

/** UTF-8 with PostgreSQL's own collation, whatever locale the service is started in. */
const INITDB_OPTIONS = [
  '--username=postgres',
  '--auth=reject',
  '--encoding=UTF8',
  '--locale-provider=builtin',
  '--builtin-locale=C.UTF-8',
  '--locale=C',
];

/** The superuser cannot log in at all; administration happens in single-user mode, with the server stopped. */
const HOST_BASED_AUTHENTICATION = `# Written by Sluice.\nlocal all ${USER} scram-sha-256\n`;

/**
 * PostgreSQL's data directory: making it, checking it, and the password of its user. The server must not be running.
 */
export class Cluster {
  constructor(
    private readonly layout: EmbeddedLayout,
    private readonly binaries: PostgresBinaries,
    private readonly account: ServerAccount,
  ) {}

  exists(): Promise<boolean> {
    return pathExists(this.layout.cluster);
  }

  /**
   * Makes the cluster with its database and user. Everything is done in a directory of another name, which gets the
   * right one when it is complete and on disk; what an interrupted attempt left is thrown away.
   */
  async create(): Promise<void> {
    const { home, cluster } = this.layout;
    await this.discardUnfinished();
    const staging = await mkdtemp(join(home, STAGING_PREFIX));
    if (this.account.identity.uid !== undefined) await chown(staging, this.account.uid, this.account.gid);
    await this.run(this.binaries.initdb, [`--pgdata=${staging}`, ...INITDB_OPTIONS]);
    await writeFile(join(staging, 'pg_hba.conf'), HOST_BASED_AUTHENTICATION);
    const password = newPassword();
    await this.administer(staging, [
      `CREATE ROLE ${USER} LOGIN CREATEDB PASSWORD '${password}'`,
      `CREATE DATABASE ${DATABASE} OWNER ${USER}`,
    ]);
    await this.keepPassword(password);
    await syncToDisk(join(staging, 'pg_hba.conf'));
    await syncToDisk(staging);
    await rename(staging, cluster);
    await syncToDisk(home);
  }

  /**
   * Checks that this cluster can be served by these binaries.
   * @throws EmbeddedPostgresError when another major version made it, or when it is damaged
   */
  async assertUsable(majorVersion: string): Promise<void> {
    const { cluster } = this.layout;
    const madeBy = await readFile(join(cluster, 'PG_VERSION'), 'utf8').catch(() => undefined);
    if (madeBy === undefined) {
      throw new EmbeddedPostgresError(
        `${cluster} is not a PostgreSQL data directory, its file PG_VERSION is missing. Restore it from a backup, ` +
          `or move it away to start with an empty database.`,
      );
    }
    if (madeBy.trim() !== majorVersion) {
      throw new EmbeddedPostgresError(
        `${cluster} was made by PostgreSQL ${madeBy.trim()}, but this version of Sluice comes with PostgreSQL ${majorVersion}. ` +
          `Go back to the version of Sluice that made it, or set DATA_DIR to a new directory and bring the data over ` +
          `with pg_dump and pg_restore.`,
      );
    }
  }

  /** The user's password. When its file was lost, the user gets a new one. */
  async password(): Promise<string> {
    try {
      return (await readFile(this.layout.password, 'utf8')).trim();
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
    }
    const password = newPassword();
    await this.administer(this.layout.cluster, [`ALTER ROLE ${USER} PASSWORD '${password}'`]);
    await this.keepPassword(password);
    return password;
  }

  /**
   * A name for the server that appears in the command line of all its processes (`cluster_name`). It comes from the
   * place and from PostgreSQL's system identifier, so neither a copy of this cluster nor another one at the same path,
   * in another container, has it.
   */
  async name(): Promise<string> {
    const control = await readFile(join(this.layout.cluster, 'global', 'pg_control'));
    const systemIdentifier = control.subarray(0, 8);
    const hash = createHash('sha256').update(this.layout.cluster).update(systemIdentifier).digest('hex');
    return `sluice-${hash.slice(0, 16)}`;
  }

  private async discardUnfinished(): Promise<void> {
    const names = (await readdir(this.layout.home)).filter((name) => name.startsWith(STAGING_PREFIX));
    // An initdb that outlived its service may still be writing there; the next start tries again.
    const removals = names.map((name) => rm(join(this.layout.home, name), { recursive: true, force: true }));
    await Promise.allSettled(removals);
  }

  private async administer(directory: string, statements: readonly string[]): Promise<void> {
    const args = ['--single', '-D', directory, '-c', 'exit_on_error=on', '-c', 'log_checkpoints=off', 'postgres'];
    await this.run(this.binaries.postgres, args, statements.map((statement) => `${statement};\n`).join(''));
  }

  private async run(program: string, args: readonly string[], input?: string): Promise<void> {
    const { code, stderr } = await runCommand(program, args, this.account.identity, input);
    if (code === 0) return;
    const said = stderr.trim().replace(/PASSWORD '[^']*'/g, "PASSWORD '***'");
    throw new EmbeddedPostgresError(`The database could not be prepared: ${basename(program)} failed.\n${said}`);
  }

  private async keepPassword(password: string): Promise<void> {
    const temporary = `${this.layout.password}.new`;
    await rm(temporary, { force: true });
    await writeFile(temporary, `${password}\n`, { mode: 0o600, flag: 'wx', flush: true });
    await rename(temporary, this.layout.password);
  }
}

/** Has no character that would need quoting in SQL. */
function newPassword(): string {
  return randomBytes(24).toString('base64url');
}
