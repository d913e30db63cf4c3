import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { systemCode } from './embedded-postgres-error.js';
import { withShortPath } from './short-path.js';

const SOCKET = 'holder';
const ANSWER_PATIENCE = 1_000;

/** Another living process has the lock. */
export class DirectoryLockedError extends Error {
  /** @param holder process id of the holder, when it answered */
  constructor(readonly holder?: number) {
    super(`The directory is locked by ${holder === undefined ? 'another process' : `process ${holder}`}.`);
    this.name = 'DirectoryLockedError';
  }
}

/**
 * An exclusive lock on a directory that vanishes with the process that holds it, however that process ends.
 *
 * Node has no flock, so the proof of life is a listening unix socket: the kernel closes it with the process, a closed
 * one never listens again, and no process id is compared, so none can be mistaken for another. Every holder is a
 * generation: a numbered directory with the holder's socket in it. It is made under a name of its own and renamed once
 * the socket listens; a rename onto a directory with something in it fails, so of several claimants of a number one
 * wins. Only a number above a dead one is claimed, and the highest number is never removed, not even on release, so the
 * order of holders is never lost. Who claimed a number from an outdated listing sees a higher one afterwards and steps
 * back.
 */
export class DirectoryLock {
  private constructor(private readonly server: Server) {}

  /**
   * @param directory made when it is missing; used for nothing else
   * @throws DirectoryLockedError when a living process, this one included, has the lock
   */
  static async acquire(directory: string): Promise<DirectoryLock> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    for (;;) {
      const claim = `claim-${randomUUID()}`;
      const server = createServer((socket) => {
        socket.on('error', () => undefined);
        socket.end(String(process.pid));
      });
      try {
        await mkdir(join(directory, claim));
        await withShortPath(join(directory, claim), SOCKET, async (path) => {
          server.listen({ path, readableAll: true, writableAll: true });
          await once(server, 'listening');
        });
        server.unref();
        const generation = await becomeNextGeneration(directory, claim);
        if (generation !== undefined) {
          const earlier = (await generations(directory)).filter((number) => number < generation);
          await Promise.all(earlier.map((number) => remove(directory, String(number))));
          return new DirectoryLock(server);
        }
      } catch (error) {
        server.close();
        await remove(directory, claim);
        throw error;
      }
      server.close();
      await remove(directory, claim);
    }
  }

  /** Gives the lock up; it may be taken as soon as this returns. */
  release(): void {
    this.server.close();
  }
}

/** @returns the number won, or undefined when others moved on meanwhile and everything is to be looked at again */
async function becomeNextGeneration(directory: string, claim: string): Promise<number | undefined> {
  const latest = Math.max(0, ...(await generations(directory)));
  if (latest > 0) await assertDead(directory, latest);
  const mine = latest + 1;
  try {
    await rename(join(directory, claim), join(directory, String(mine)));
  } catch (error) {
    if (systemCode(error) === 'ENOTEMPTY' || systemCode(error) === 'EEXIST') return undefined;
    throw error;
  }
  return Math.max(...(await generations(directory))) === mine ? mine : undefined;
}

async function generations(directory: string): Promise<number[]> {
  return (await readdir(directory)).filter((name) => /^\d+$/.test(name)).map(Number);
}

/** Returns when the holder is dead or its generation was removed; whatever else cannot be told counts as alive. */
async function assertDead(directory: string, generation: number): Promise<void> {
  await withShortPath(join(directory, String(generation)), SOCKET, async (path) => {
    const socket = connect(path);
    try {
      await once(socket, 'connect');
    } catch (error) {
      if (systemCode(error) === 'ECONNREFUSED' || systemCode(error) === 'ENOENT') return;
      throw new DirectoryLockedError();
    }
    // A holder too busy to answer is still the holder.
    const answer = await Promise.race([text(socket).catch(() => ''), delay(ANSWER_PATIENCE, '', { ref: false })]);
    socket.destroy();
    throw new DirectoryLockedError(/^\d+$/.test(answer) ? Number(answer) : undefined);
  });
}

async function remove(directory: string, name: string): Promise<void> {
  await rm(join(directory, name), { recursive: true, force: true }).catch(() => undefined);
}
