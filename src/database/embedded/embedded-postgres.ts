import { chmod, mkdir, realpath } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { claimHome, findHome } from './cluster-home.js';
import { readConnection, type EmbeddedConnection } from './connection-file.js';
import { DirectoryLock, DirectoryLockedError } from './directory-lock.js';
import { embeddedLayout, SYSTEM_DIRECTORY } from './embedded-layout.js';
import { EmbeddedPostgresError } from './embedded-postgres-error.js';
import { readLocation } from './home-record.js';
import { locatePostgresBinaries } from './postgres-binaries.js';
import { prepareServer } from './prepare-server.js';
import type { EmbeddedPostgresLogger } from './server-launch.js';
import { ServerSupervisor } from './server-supervisor.js';

interface EmbeddedPostgresOptions {
  /**
   * Absolute path of the directory for everything of this server, `DATA_DIR/postgres` in the service; made when
   * missing.
   */
  readonly directory: string;
  readonly logger: EmbeddedPostgresLogger;
  /**
   * Absolute path of the directory for what PostgreSQL's account cannot reach in `directory` or in the installation;
   * made when it is needed, which it is for root only.
   * @default '/var/lib/sluice'
   */
  readonly systemDirectory?: string;
}

/**
 * The PostgreSQL server that comes with Sluice, for running without a database of one's own. It listens on a unix
 * socket that only the service's user can reach, and lives no longer than this process. What has been committed
 * survives every kind of end.
 */
export class EmbeddedPostgres {
  private stopped?: Promise<void>;

  private constructor(
    /** Stays valid when the server is restarted; clients just connect again. */
    readonly connection: EmbeddedConnection,
    private readonly owned?: { readonly supervisor: ServerSupervisor; readonly locks: readonly DirectoryLock[] },
  ) {}

  /**
   * Starts the server, and makes its database first when there is none. From then on it is started again whenever it
   * dies. What a service that was killed left running on the directory is ended first.
   * @throws EmbeddedPostgresError when that is not possible, with what to do about it
   */
  static async start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
    const { directory, logger, systemDirectory = SYSTEM_DIRECTORY } = options;
    const binaries = locatePostgresBinaries();
    const root = await openDirectory(directory);
    const locks = [await lockDirectory(root)];
    try {
      const home = await findHome({ root, systemDirectory, logger });
      if (home !== root) {
        locks.push(await lockDirectory(home));
        await claimHome(root, home);
      }
      const plan = await prepareServer(embeddedLayout(root, home), binaries, systemDirectory, logger);
      const supervisor = await ServerSupervisor.start(plan);
      logger.info(`PostgreSQL is ready in ${home}${home === root ? '' : `, the place for the database of ${root}`}.`);
      return new EmbeddedPostgres(plan.connection, { supervisor, locks });
    } catch (error) {
      for (const lock of locks) lock.release();
      throw error;
    }
  }

  /**
   * Connects to the server that another process of this user owns; starts and stops nothing. The owner may come and go.
   * @throws EmbeddedPostgresError when there was never a server in the directory, or it belongs to another user
   */
  static async attach({ directory }: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
    return new EmbeddedPostgres(await readConnection(embeddedLayout(directory, await readLocation(directory))));
  }

  /** Stops the server, within half a minute; open transactions are rolled back. Does nothing for an attached one. */
  stop(): Promise<void> {
    this.stopped ??= this.stopOwned();
    return this.stopped;
  }

  private async stopOwned(): Promise<void> {
    if (!this.owned) return;
    try {
      await this.owned.supervisor.stop();
    } finally {
      for (const lock of this.owned.locks) lock.release();
    }
  }
}

/** @returns the directory by its real path: one place has one name, whichever way leads there */
async function openDirectory(directory: string): Promise<string> {
  if (!isAbsolute(directory)) throw new EmbeddedPostgresError(`${directory} is not an absolute path.`);
  try {
    await mkdir(directory, { recursive: true });
    // Root's server runs as another user, who must pass through to its own directories in there, but not look around.
    await chmod(directory, process.getuid?.() === 0 ? 0o711 : 0o700);
    return await realpath(directory);
  } catch (error) {
    throw new EmbeddedPostgresError(
      `The directory ${directory} for the embedded PostgreSQL cannot be used (${(error as Error).message}). ` +
        `Set DATA_DIR to a directory that the user of this process may write to.`,
      { cause: error },
    );
  }
}

async function lockDirectory(directory: string): Promise<DirectoryLock> {
  try {
    return await DirectoryLock.acquire(join(directory, 'lock'));
  } catch (error) {
    if (error instanceof DirectoryLockedError) {
      const holder =
        error.holder === undefined ? 'Another Sluice service' : `Another Sluice service (process ${error.holder})`;
      throw new EmbeddedPostgresError(
        `${holder} already runs on ${directory}. Stop it, set DATA_DIR to another directory, or start this one as a worker ` +
          `beside it (ROLE=worker).`,
        { cause: error },
      );
    }
    throw new EmbeddedPostgresError(
      `${directory} cannot be locked (${(error as Error).message}). The data directory must be on a file system of this machine ` +
        `that has unix sockets, and be writable for this user. Set DATA_DIR to another directory.`,
      { cause: error },
    );
  }
}
