import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DirectoryLock, DirectoryLockedError } from './directory-lock.js';

describe(DirectoryLock.name, () => {
  let place: string;
  const held: DirectoryLock[] = [];

  beforeEach(async () => {
    place = await mkdtemp(join(tmpdir(), 'sluice-lock-'));
  });

  afterEach(async () => {
    for (const lock of held.splice(0)) lock.release();
    await rm(place, { recursive: true });
  });

  const acquire = async (directory = place) => {
    const lock = await DirectoryLock.acquire(directory);
    held.push(lock);
    return lock;
  };

  it('is refused while it is held, with the process that holds it', async () => {
    await acquire();
    await expect(acquire()).rejects.toMatchObject({ name: DirectoryLockedError.name, holder: process.pid });
  });

  it('can be taken again after each release, and leaves no growing pile behind', async () => {
    for (let round = 0; round < 5; round++) (await acquire()).release();
    expect(await readdir(place)).toEqual(['5']);
  });

  it('goes to exactly one of many that ask at the same time, in every round', async () => {
    for (let round = 0; round < 10; round++) {
      const results = await Promise.allSettled(Array.from({ length: 8 }, () => acquire()));
      const [winner, ...others] = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
      expect(others).toEqual([]);
      const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
      expect(reasons.map((reason: Error) => reason.name)).toEqual(Array(7).fill(DirectoryLockedError.name));
      winner.release();
    }
  });

  it('works at a path that is too long for a unix socket', async () => {
    const directory = join(place, 'long-'.repeat(40), 'lock');
    await acquire(directory);
    await expect(acquire(directory)).rejects.toMatchObject({ holder: process.pid });
  });

  it('does not know other directories', async () => {
    await acquire(join(place, 'one'));
    await expect(acquire(join(place, 'two'))).resolves.toBeInstanceOf(DirectoryLock);
  });
});
