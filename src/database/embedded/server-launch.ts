import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { EmbeddedConnection } from './connection-file.js';
import type { EmbeddedLayout } from './embedded-layout.js';
import { EmbeddedPostgresError } from './embedded-postgres-error.js';
import type { PostgresBinaries } from './postgres-binaries.js';
import { makeServerDirectory, type ServerAccount } from './server-account.js';
import { lastLogLines, logSettings } from './server-log.js';
import { ServerProcess } from './server-process.js';
import { clearServerRemains } from './server-remains.js';
import { SERVER_PORT } from './socket-directory.js';

/** Replaying a long write-ahead log after a crash takes time; a server that takes longer than this is given up. */
const START_PATIENCE = 300_000;
const LOOK_AGAIN = 20;
const REPORT_EVERY = 10_000;

/** Hears what the embedded server does and what is wrong with it. */
export interface EmbeddedPostgresLogger {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** Everything that stays the same over all starts of one server. */
export interface LaunchPlan {
  readonly layout: EmbeddedLayout;
  readonly binaries: PostgresBinaries;
  readonly account: ServerAccount;
  readonly clusterName: string;
  readonly socketDirectory: string;
  readonly connection: EmbeddedConnection;
  readonly logger: EmbeddedPostgresLogger;
}

/**
 * Starts the server, after ending what an earlier one left, and waits until it takes connections.
 * @throws EmbeddedPostgresError with the last lines of PostgreSQL's log when it does not come up; the reason of
 * `signal` when aborted
 */
export async function launchServer(plan: LaunchPlan, signal: AbortSignal): Promise<ServerProcess> {
  // A temporary directory may have been cleaned up since the last start.
  await makeServerDirectory(plan.socketDirectory, plan.account);
  await clearRemains(plan);
  signal.throwIfAborted();
  const begun = Date.now();
  const server = new ServerProcess([plan.binaries.postgres, ...serverArguments(plan)], plan.account.identity);
  try {
    await untilReady(plan, server, begun, signal);
    await logIn(plan);
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** Ends whatever processes and lock files of the server are left. */
export function clearRemains({
  layout,
  socketDirectory,
  clusterName,
  account,
  logger,
}: Pick<LaunchPlan, 'layout' | 'account' | 'socketDirectory' | 'clusterName' | 'logger'>): Promise<void> {
  return clearServerRemains({
    layout,
    socketDirectory,
    clusterName,
    uid: account.uid,
    warn: (message) => logger.warn(message),
  });
}

/** On the command line, so that they win over postgresql.conf, where an operator may tune the rest. */
function serverArguments({ layout, clusterName, socketDirectory }: LaunchPlan): string[] {
  const settings: Record<string, string> = {
    cluster_name: clusterName,
    listen_addresses: '',
    port: String(SERVER_PORT),
    // A list in PostgreSQL's eyes: quoted, or a comma or a blank in the path would count.
    unix_socket_directories: `"${socketDirectory.replaceAll('"', '""')}"`,
    unix_socket_permissions: '0700',
    shared_buffers: '64MB',
    max_connections: '100',
    timezone: 'UTC',
    ...logSettings(layout.log),
  };
  return ['-D', layout.cluster, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

async function untilReady(plan: LaunchPlan, server: ServerProcess, begun: number, signal: AbortSignal): Promise<void> {
  let ending: string | undefined;
  void server.ended.then((how) => (ending = how));
  let report = begun + REPORT_EVERY;
  while ((await readStatus(plan.layout)) !== 'ready') {
    if (ending !== undefined) throw await startFailure(plan, server, begun, `it ended: ${ending}`);
    signal.throwIfAborted();
    if (Date.now() > begun + START_PATIENCE) throw await startFailure(plan, server, begun, 'it was not ready in time');
    if (Date.now() > report) {
      plan.logger.info('PostgreSQL is not ready yet; after a crash it first replays its write-ahead log.');
      report += REPORT_EVERY;
    }
    await Promise.race([server.ended, delay(LOOK_AGAIN)]);
  }
}

/** The eighth line of postmaster.pid: starting, ready, stopping. Asking there leaves no lines in PostgreSQL's log. */
async function readStatus({ cluster }: EmbeddedLayout): Promise<string | undefined> {
  const content = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '');
  return content.split('\n')[7]?.trim();
}

async function startFailure(plan: LaunchPlan, server: ServerProcess, begun: number, why: string): Promise<Error> {
  const firstWords = server.firstWords
    .split('\n')
    .filter((line) => !/redirecting log output|Future log output/.test(line));
  const words = [...firstWords, ...(await lastLogLines(plan.layout.log, begun - 1_000))].filter((line) => line !== '');
  return new EmbeddedPostgresError(
    `The embedded PostgreSQL in ${plan.layout.root} did not start: ${why}.\n${words.join('\n')}\nIts log: ${plan.layout.log}`,
  );
}

async function logIn({ connection, layout }: LaunchPlan): Promise<void> {
  const client = new pg.Client({ ...connection, connectionTimeoutMillis: 30_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    throw new EmbeddedPostgresError(
      `PostgreSQL in ${layout.root} runs, but cannot be used (${(error as Error).message}). If the password in ` +
        `${layout.password} is not the one of its user any more, remove that file and start again.`,
      { cause: error },
    );
  } finally {
    await client.end();
  }
}
