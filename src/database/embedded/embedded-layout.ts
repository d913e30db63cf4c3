import { join } from 'node:path';

/** Where everything of an embedded PostgreSQL lies; all paths are absolute. */
export interface EmbeddedLayout {
  readonly root: string;
  /** PostgreSQL's own data directory. It gets this name only when it is complete. */
  readonly cluster: string;
  /** Unix socket of the server, unless the path is too long for one. */
  readonly socket: string;
  /** PostgreSQL's log files. */
  readonly log: string;
  /** Generations of the exclusive lock. */
  readonly lock: string;
  /** Password of the database user, readable by the service's user only. */
  readonly password: string;
  /** Tells other processes where the socket is. */
  readonly connection: string;
}

/** The layout below a directory, which is `DATA_DIR/postgres` in the service. */
export function embeddedLayout(root: string): EmbeddedLayout {
  return {
    root,
    cluster: join(root, 'cluster'),
    socket: join(root, 'socket'),
    log: join(root, 'log'),
    lock: join(root, 'lock'),
    password: join(root, 'password'),
    connection: join(root, 'connection.json'),
  };
}
