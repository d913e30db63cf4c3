import { readdir, readFile, stat } from 'node:fs/promises';
import { runCommand } from './run-command.js';

/** A process of a PostgreSQL server. */
export interface ServerProcessEntry {
  readonly pid: number;
  /** Whether it is the server's first process; the others are its children. */
  readonly postmaster: boolean;
}

/**
 * Finds the living processes of the server with this `cluster_name`. The first process has the name among its
 * arguments, its children have it in their titles: `postgres: <name>: checkpointer`. Zombies have no command line and
 * are not found.
 * @param uid the account that the server runs as; processes of others are not looked at
 */
export async function findServerProcesses(clusterName: string, uid: number): Promise<ServerProcessEntry[]> {
  const found: ServerProcessEntry[] = [];
  for (const { pid, command } of await listProcesses(uid)) {
    if (command.startsWith(`postgres: ${clusterName}: `)) found.push({ pid, postmaster: false });
    // The shell that keeps the server has the same arguments, after its own name.
    else if (!command.startsWith('/bin/sh ') && command.includes(` cluster_name=${clusterName}`)) {
      found.push({ pid, postmaster: true });
    }
  }
  return found;
}

interface ListedProcess {
  readonly pid: number;
  readonly command: string;
}

async function listProcesses(uid: number): Promise<ListedProcess[]> {
  return process.platform === 'linux' ? listFromProc(uid) : listFromPs(uid);
}

async function listFromProc(uid: number): Promise<ListedProcess[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const entries = await Promise.all(
    pids.map(async (pid) => {
      try {
        if ((await stat(`/proc/${pid}`)).uid !== uid) return [];
        const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ');
        return [{ pid: Number(pid), command }];
      } catch {
        // It ended while we were looking.
        return [];
      }
    }),
  );
  return entries.flat();
}

async function listFromPs(uid: number): Promise<ListedProcess[]> {
  const { stdout } = await runCommand('ps', ['-A', '-ww', '-o', 'pid=', '-o', 'uid=', '-o', 'command='], {});
  return [...stdout.matchAll(/^ *(\d+) +(\d+) (.*)$/gm)]
    .filter(([, , owner]) => Number(owner) === uid)
    .map(([, pid, , command]) => ({ pid: Number(pid), command }));
}
