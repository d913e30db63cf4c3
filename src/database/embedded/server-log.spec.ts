import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { lastLogLines, pruneLogFiles } from './server-log.js';

describe('log files of PostgreSQL', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sluice-log-'));
  });

  afterEach(() => rm(directory, { recursive: true }));

  const name = (second: number) => `postgresql-20260101-00000${second}.log`;

  it('are pruned to the newest five; other files are left alone', async () => {
    for (const second of [3, 1, 7, 2, 6, 4, 5]) await writeFile(join(directory, name(second)), '');
    await writeFile(join(directory, 'notes.txt'), '');
    await pruneLogFiles(directory);
    expect((await readdir(directory)).sort()).toEqual(['notes.txt', ...[3, 4, 5, 6, 7].map(name)]);
  });

  it('are quoted by the last lines of the newest one', async () => {
    await writeFile(join(directory, name(1)), 'old\n');
    await writeFile(join(directory, name(2)), 'one\ntwo\nthree\n');
    expect(await lastLogLines(directory, 0, 2)).toEqual(['two', 'three']);
  });

  it('are not quoted when they are about an earlier start', async () => {
    const path = join(directory, name(1));
    await writeFile(path, 'old\n');
    await utimes(path, 1, 1);
    expect(await lastLogLines(directory, 2_000)).toEqual([]);
  });

  it('need not exist', async () => {
    await pruneLogFiles(directory);
    expect(await lastLogLines(directory, 0)).toEqual([]);
  });
});
