import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { EmbeddedLayout } from './embedded-layout.js';
import { EmbeddedPostgresError, systemCode } from './embedded-postgres-error.js';
import { findServerProcesses, type ServerProcessEntry } from './process-family.js';
import { answers, socketPath } from './socket-directory.js';

const LOOK_AGAIN = 50;

/**
 * What is sent to a server that nobody keeps any more, in this order, and how long each may take. A first process stops
 * cleanly on INT and at once on QUIT; its children know only the latter.
 */
const ESCALATION: readonly { postmaster: NodeJS.Signals; child?: NodeJS.Signals; patience: number }[] = [
  { postmaster: 'SIGINT', patience: 20_000 },
  { postmaster: 'SIGQUIT', child: 'SIGQUIT', patience: 5_000 },
  { postmaster: 'SIGKILL', child: 'SIGKILL', patience: 5_000 },
];

interface ServerRemains {
  readonly layout: EmbeddedLayout;
  readonly socketDirectory: string;
  readonly clusterName: string;
  readonly uid: number;
  readonly warn: (message: string) => void;
}

/**
 * Ends what an earlier server on this cluster left running, then removes its lock files. PostgreSQL does not remove
 * them by itself when another process has got the same id meanwhile. The caller holds the directory's lock, so no
 * living service needs that server.
 * @throws EmbeddedPostgresError when a server is left that cannot be ended
 */
export async function clearServerRemains(remains: ServerRemains): Promise<void> {
  await endProcesses(remains);
  if (await answers(remains.socketDirectory)) {
    throw new EmbeddedPostgresError(
      `A PostgreSQL server that does not appear among the processes of this system already serves ${remains.layout.cluster}, ` +
        `perhaps one in another container. Stop it, or set DATA_DIR to another directory.`,
    );
  }
  const socket = socketPath(remains.socketDirectory);
  await Promise.all(
    [join(remains.layout.cluster, 'postmaster.pid'), socket, `${socket}.lock`].map((path) => rm(path, { force: true })),
  );
}

async function endProcesses(remains: ServerRemains): Promise<void> {
  let left = await findServerProcesses(remains.clusterName, remains.uid);
  if (left.length === 0) return;
  remains.warn(
    `PostgreSQL is still running from an earlier start (process ${left.map(({ pid }) => pid).join(', ')}); stopping it.`,
  );
  for (const step of ESCALATION) {
    // Children whose first process is gone have nobody who would end them.
    const orphaned = !left.some(({ postmaster }) => postmaster);
    const child = step.child ?? (orphaned ? 'SIGQUIT' : undefined);
    for (const entry of left) {
      const signal = entry.postmaster ? step.postmaster : child;
      if (signal) send(entry, signal);
    }
    const deadline = performance.now() + step.patience;
    do {
      await delay(LOOK_AGAIN);
      left = await findServerProcesses(remains.clusterName, remains.uid);
      if (left.length === 0) return;
    } while (performance.now() < deadline);
  }
  throw new EmbeddedPostgresError(
    `PostgreSQL from an earlier start cannot be stopped: process ${left.map(({ pid }) => pid).join(', ')}. Stop it by hand.`,
  );
}

function send({ pid }: ServerProcessEntry, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (systemCode(error) !== 'ESRCH') throw error;
  }
}
