import { readdir, readFile } from 'node:fs/promises';

export { runs } from './embedded-postgres.js';

/** Ids of the living children of a process. */
export async function childrenOf(parent: number): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const children: number[] = [];
  for (const pid of pids) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    if (new RegExp(`^PPid:\\s+${parent}$`, 'm').test(status) && !/^State:\s+Z/m.test(status)) children.push(pid);
  }
  return children;
}
