import { join } from 'node:path';

/**
 * Where root's service keeps what PostgreSQL's account must reach, when that account cannot get to DATA_DIR or to the
 * installation: a place that exists for such data and that every user can get to.
 */
export const SYSTEM_DIRECTORY = '/var/lib/sluice';

/** Where everything of an embedded PostgreSQL lies; all paths are absolute. */
export interface EmbeddedLayout {
  /** `DATA_DIR/postgres`: the lock, and the files that lead to the rest. */
  readonly root: string;
  /** What belongs to the cluster. The same as `root`, unless PostgreSQL's account cannot get there. */
  readonly home: string;
  /** PostgreSQL's own data directory. It gets this name only when it is complete. */
  readonly cluster: string;
  /** Unix socket of the server, unless the path is too long for one. */
  readonly socket: string;
  /** PostgreSQL's log files. */
  readonly log: string;
  /** Password of the database user, readable by the service's user only. */
  readonly password: string;
  /** Tells other processes where the socket is. */
  readonly connection: string;
}

/**
 * The layout below a directory, which is `DATA_DIR/postgres` in the service, with the cluster there or in a home
 * elsewhere.
 */
export function embeddedLayout(root: string, home = root): EmbeddedLayout {
  return {
    root,
    home,
    cluster: join(home, 'cluster'),
    socket: join(home, 'socket'),
    log: join(home, 'log'),
    password: join(home, 'password'),
    connection: join(root, 'connection.json'),
  };
}
