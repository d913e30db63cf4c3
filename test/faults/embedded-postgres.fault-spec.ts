import { spawn, type ChildProcess } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { ClientConfig } from 'pg';
import { EmbeddedPostgres } from '../../src/database/embedded/embedded-postgres.js';
import {
  EmbeddedOwner,
  installInto,
  makeOpenDirectory,
  parentOf,
  postmasterOf,
  query,
  removeDirectory,
  runs,
  until,
} from '../harness/embedded-postgres.js';

jest.setTimeout(60_000);

const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux('embedded PostgreSQL under attack (needs Linux: reads /proc)', () => {
  let place: string;
  let directory: string;
  const open: { stop(): Promise<void> }[] = [];
  const bystanders: ChildProcess[] = [];

  beforeEach(async () => {
    place = await makeOpenDirectory();
    directory = join(place, 'data', 'postgres');
  });

  afterEach(async () => {
    await Promise.all(open.splice(0).map((server) => server.stop()));
    for (const bystander of bystanders.splice(0)) bystander.kill('SIGKILL');
    await removeDirectory(place);
  });

  const launch = () => {
    const owner = EmbeddedOwner.launch(directory);
    open.push(owner);
    return owner;
  };

  const start = async (messages: string[] = []) => {
    const keep = (message: string) => void messages.push(message);
    const server = await EmbeddedPostgres.start({ directory, logger: { info: keep, warn: keep, error: keep } });
    open.push(server);
    return server;
  };

  const write = (connection: ClientConfig) => query(connection, 'CREATE TABLE kept AS SELECT 42 AS answer');
  const read = (connection: ClientConfig) => query(connection, 'SELECT answer FROM kept');
  const answers = (connection: ClientConfig) =>
    query(connection, 'SELECT 1').then(
      () => true,
      () => false,
    );
  const gone = (pid: number) => until(async () => !(await runs(pid)));

  it.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)(
    'stops with a service that ends by %s, and committed rows are there at the next start',
    async (signal) => {
      const owner = launch();
      const connection = await owner.connection();
      await write(connection);
      const postmaster = await postmasterOf(directory);
      await owner.kill(signal);
      await gone(postmaster);
      expect(await readdir(join(directory, 'cluster'))).not.toContain('postmaster.pid');
      expect(await read((await start()).connection)).toEqual([{ answer: 42 }]);
    },
  );

  it('is taken over at once by a service that starts while the old server still shuts down', async () => {
    const owner = launch();
    await write(await owner.connection());
    await owner.kill();
    expect(await read((await start()).connection)).toEqual([{ answer: 42 }]);
  });

  it('ends an orphaned server cleanly when the service and the keeper were killed, and loses nothing', async () => {
    const owner = launch();
    await write(await owner.connection());
    const postmaster = await postmasterOf(directory);
    process.kill(await parentOf(postmaster), 'SIGKILL');
    await owner.kill();
    expect(await runs(postmaster)).toBe(true);

    const messages: string[] = [];
    const { connection } = await start(messages);
    expect(await read(connection)).toEqual([{ answer: 42 }]);
    expect(await runs(postmaster)).toBe(false);
    expect(messages.join('\n')).toMatch(/still running from an earlier start/);
  });

  it('recovers when the service, the keeper and the whole server were killed', async () => {
    const owner = launch();
    const connection = await owner.connection();
    await write(connection);
    const postmaster = await postmasterOf(directory);
    const keeper = await parentOf(postmaster);
    const killed = owner.kill();
    process.kill(keeper, 'SIGKILL');
    process.kill(postmaster, 'SIGKILL');
    await killed;
    expect(await read((await start()).connection)).toEqual([{ answer: 42 }]);
  });

  it('is not fooled by lock files whose process id now belongs to somebody else', async () => {
    const first = await start();
    await write(first.connection);
    const { uid, gid } = await stat(join(directory, 'cluster'));
    await first.stop();

    // The same user as PostgreSQL's: PostgreSQL itself would refuse to start.
    const identity = process.getuid?.() === 0 ? { uid, gid } : {};
    const bystander = spawn('sleep', ['600'], { ...identity, cwd: '/' });
    bystanders.push(bystander);
    const socket = join(directory, 'socket', '.s.PGSQL.5432');
    const content = `${bystander.pid}\n${join(directory, 'cluster')}\n1\n5432\n${join(directory, 'socket')}\n\n1 1\nready\n`;
    await Promise.all(
      [join(directory, 'cluster', 'postmaster.pid'), `${socket}.lock`, socket].map((path) => writeFile(path, content)),
    );

    expect(await read((await start()).connection)).toEqual([{ answer: 42 }]);
    expect(await runs(bystander.pid!)).toBe(true);
  });

  it('starts over when the service was killed while the database was being made', async () => {
    const owner = launch();
    const unfinished = async () =>
      (await readdir(directory).catch(() => [])).filter((name) => name.startsWith('cluster-in-the-making'));
    await until(async () => (await unfinished()).length > 0);
    await owner.kill();

    const { connection } = await start();
    await write(connection);
    expect(await read(connection)).toEqual([{ answer: 42 }]);
    expect(await query(connection, 'SHOW server_encoding')).toEqual([{ server_encoding: 'UTF8' }]);
  });

  it('throws a half-made database away', async () => {
    const remains = join(directory, 'cluster-in-the-making-x1');
    await mkdir(remains, { recursive: true });
    await writeFile(join(remains, 'PG_VERSION'), '18\n');
    await start();
    expect(await readdir(directory)).not.toContain('cluster-in-the-making-x1');
  });

  describe('under a living service', () => {
    it.each(['SIGKILL', 'SIGQUIT', 'SIGTERM'] as const)(
      'comes back by itself at the same place when its first process gets %s',
      async (signal) => {
        const messages: string[] = [];
        const { connection } = await start(messages);
        await write(connection);
        const postmaster = await postmasterOf(directory);
        process.kill(postmaster, signal);
        await gone(postmaster);
        await until(() => answers(connection));
        expect(await read(connection)).toEqual([{ answer: 42 }]);
        expect(await postmasterOf(directory)).not.toBe(postmaster);
        expect(messages.join('\n')).toMatch(/PostgreSQL ended unexpectedly .*; starting it again/);
      },
    );

    it('comes back as often as it is killed', async () => {
      const { connection } = await start();
      await write(connection);
      for (let round = 0; round < 3; round++) {
        const postmaster = await postmasterOf(directory);
        process.kill(postmaster, 'SIGKILL');
        await gone(postmaster);
        await until(() => answers(connection));
      }
      expect(await read(connection)).toEqual([{ answer: 42 }]);
    });

    it('gets a new keeper when the keeper is killed, so it still ends with the service', async () => {
      const owner = launch();
      const connection = await owner.connection();
      const orphan = await postmasterOf(directory);
      process.kill(await parentOf(orphan), 'SIGKILL');
      await gone(orphan);
      await until(() => answers(connection));
      const postmaster = await postmasterOf(directory);
      await owner.kill();
      await gone(postmaster);
    });

    it('stops for good when told to stop while it is being restarted', async () => {
      const server = await start();
      const postmaster = await postmasterOf(directory);
      process.kill(postmaster, 'SIGKILL');
      await gone(postmaster);
      await server.stop();
      expect(await answers(server.connection)).toBe(false);
      expect(await readdir(join(directory, 'cluster'))).not.toContain('postmaster.pid');
    });
  });

  it('has exactly one owner when many services start at once on what a killed one left', async () => {
    const first = launch();
    await write(await first.connection());
    await first.kill();

    const contenders = Array.from({ length: 5 }, launch);
    const reports = await Promise.all(contenders.map((contender) => contender.report));
    const winners = reports.filter((report) => report?.ready);
    expect(winners).toHaveLength(1);
    expect(reports.filter((report) => report?.failed?.includes('already runs on'))).toHaveLength(4);
    expect(await read(winners[0]!.ready!)).toEqual([{ answer: 42 }]);
    const { pid } = contenders[reports.indexOf(winners[0])];
    expect(await parentOf(await parentOf(await postmasterOf(directory)))).toBe(pid);
    expect(await readFile(join(directory, 'connection.json'), 'utf8')).toContain(winners[0]!.ready!.host);
  });

  (process.getuid?.() === 0 ? describe : describe.skip)('below a directory that is private to root', () => {
    let elsewhere: string;
    let systemDirectory: string;

    beforeEach(async () => {
      await chmod(place, 0o700);
      elsewhere = await makeOpenDirectory();
      systemDirectory = join(elsewhere, 'sluice');
    });

    afterEach(async () => {
      await Promise.all(open.splice(0).map((server) => server.stop()));
      await removeDirectory(elsewhere);
    });

    const launchPrivate = (at = directory, installation?: string) => {
      const owner = EmbeddedOwner.launch(at, { systemDirectory, installation });
      open.push(owner);
      return owner;
    };
    const names = () => readdir(systemDirectory).catch(() => []);

    it('recovers what a killed service left, in its only home', async () => {
      const owner = launchPrivate();
      await write(await owner.connection());
      const postmaster = await postmasterOf(join(systemDirectory, (await names())[0]));
      process.kill(await parentOf(postmaster), 'SIGKILL');
      await owner.kill();

      expect(await read(await launchPrivate().connection())).toEqual([{ answer: 42 }]);
      expect(await runs(postmaster)).toBe(false);
      expect(await names()).toHaveLength(1);
    });

    it('starts over in the same home when the service was killed while the database was being made', async () => {
      const owner = launchPrivate();
      const unfinished = async () => {
        const [home] = await names();
        const content = home === undefined ? [] : await readdir(join(systemDirectory, home));
        return content.filter((name) => name.startsWith('cluster-in-the-making'));
      };
      await until(async () => (await unfinished()).length > 0);
      await owner.kill();

      const connection = await launchPrivate().connection();
      await write(connection);
      expect(await read(connection)).toEqual([{ answer: 42 }]);
      expect(await names()).toHaveLength(1);
    });

    it('copies the programs anew when the service was killed while it copied them', async () => {
      const installation = join(place, 'installation');
      await installInto(installation);
      const copies = async () => (await names()).filter((name) => name.startsWith('postgresql-'));
      const owner = launchPrivate(directory, installation);
      await until(async () => (await copies()).length > 0);
      await owner.kill();
      expect(await copies()).toEqual([expect.stringContaining('.copy-')]);

      const connection = await launchPrivate(directory, installation).connection();
      await expect(query(connection, 'SELECT 1')).resolves.toHaveLength(1);
      expect((await copies()).filter((name) => !name.includes('.copy-'))).toHaveLength(1);
    });

    it('has exactly one owner and one home when many services start at once', async () => {
      const contenders = Array.from({ length: 5 }, () => launchPrivate());
      const reports = await Promise.all(contenders.map((contender) => contender.report));
      expect(reports.filter((report) => report?.ready)).toHaveLength(1);
      expect(reports.filter((report) => report?.failed?.includes('already runs on'))).toHaveLength(4);
      expect(await names()).toHaveLength(1);
    });
  });
});
