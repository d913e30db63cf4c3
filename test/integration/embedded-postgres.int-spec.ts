import { appendFile, chmod, mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { EmbeddedPostgres } from '../../src/database/embedded/embedded-postgres.js';
import {
  EmbeddedOwner,
  makeOpenDirectory,
  ORDINARY_USER,
  postmasterOf,
  query,
  removeDirectory,
} from '../harness/embedded-postgres.js';

jest.setTimeout(60_000);

const asRoot = process.getuid?.() === 0;

describe(EmbeddedPostgres.name, () => {
  let place: string;
  let directory: string;
  let messages: string[];
  const open: { stop(): Promise<void> }[] = [];

  beforeEach(async () => {
    place = await makeOpenDirectory();
    directory = join(place, 'data', 'postgres');
    messages = [];
  });

  afterEach(async () => {
    await Promise.all(open.splice(0).map((server) => server.stop()));
    await removeDirectory(place);
  });

  const options = () => {
    const keep = (message: string) => void messages.push(message);
    return { directory, logger: { info: keep, warn: keep, error: keep } };
  };

  const start = async () => {
    const server = await EmbeddedPostgres.start(options());
    open.push(server);
    return server;
  };

  const launch = (...args: Parameters<typeof EmbeddedOwner.launch>) => {
    const owner = EmbeddedOwner.launch(...args);
    open.push(owner);
    return owner;
  };

  const mode = async (...path: string[]) => ((await stat(join(directory, ...path))).mode & 0o777).toString(8);

  it('makes a durable UTF-8 database that only this user reaches, on its first start', async () => {
    const { connection } = await start();

    const settings = await query<{ name: string; setting: string }>(
      connection,
      `SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit',
         'listen_addresses', 'server_encoding', 'TimeZone') ORDER BY name COLLATE "C"`,
    );
    expect(Object.fromEntries(settings.map(({ name, setting }) => [name, setting]))).toEqual({
      TimeZone: 'UTC',
      fsync: 'on',
      full_page_writes: 'on',
      listen_addresses: '',
      server_encoding: 'UTF8',
      synchronous_commit: 'on',
    });
    const [database] = await query(
      connection,
      `SELECT datname, datlocprovider, datlocale, rolsuper, pg_get_userbyid(datdba) AS owner
         FROM pg_database, pg_roles WHERE datname = current_database() AND rolname = current_user`,
    );
    expect(database).toEqual({
      datname: 'sluice',
      datlocprovider: 'b',
      datlocale: 'C.UTF-8',
      rolsuper: false,
      owner: 'sluice',
    });
    expect([await mode('socket'), await mode('cluster'), await mode('log'), await mode('lock')]).toEqual(
      Array(4).fill('700'),
    );
    expect(await mode('password')).toBe('600');
  });

  it('asks for the password, and lets the superuser in with none', async () => {
    const { connection } = await start();
    await expect(query(connection, 'SELECT 1')).resolves.toHaveLength(1);
    await expect(query({ ...connection, password: 'guess' }, 'SELECT 1')).rejects.toThrow(
      /password authentication failed/,
    );
    await expect(query({ ...connection, user: 'postgres' }, 'SELECT 1')).rejects.toThrow(/no pg_hba.conf entry/);
  });

  it('keeps rows, user and password over a restart', async () => {
    const first = await start();
    await query(first.connection, `CREATE TABLE kept AS SELECT 'Grüße 你好' AS text`);
    await first.stop();
    await expect(query(first.connection, 'SELECT 1')).rejects.toThrow(/ENOENT|ECONNREFUSED/);

    const second = await start();
    expect(second.connection).toEqual(first.connection);
    expect(await query(second.connection, 'SELECT text FROM kept')).toEqual([{ text: 'Grüße 你好' }]);
  });

  it('stops once however often it is told to', async () => {
    const server = await start();
    await Promise.all([server.stop(), server.stop()]);
    await expect(server.stop()).resolves.toBeUndefined();
  });

  it('is UTF-8 when started with an empty environment', async () => {
    const connection = await launch(directory, { env: {} }).connection();
    expect(await query(connection, 'SHOW server_encoding')).toEqual([{ server_encoding: 'UTF8' }]);
  });

  it('is not led astray by PostgreSQL variables and locales of the environment', async () => {
    const env = { ...process.env, PGPORT: '6000', PGDATA: '/nowhere', PGUSER: 'x', LC_ALL: 'xx_XX', TZ: 'Asia/Tokyo' };
    const connection = await launch(directory, { env }).connection();
    expect(await query(connection, 'SHOW timezone')).toEqual([{ TimeZone: 'UTC' }]);
  });

  it('refuses a second service on the directory, whatever path leads there, and leaves the first alone', async () => {
    const { connection } = await start();
    const postmaster = await postmasterOf(directory);
    await symlink(join(place, 'data'), join(place, 'alias'));

    for (const path of [directory, join(place, 'alias', 'postgres')]) {
      await expect(launch(path).connection()).rejects.toThrow(
        `EmbeddedPostgresError: Another Sluice service (process ${process.pid}) already runs on ${directory}`,
      );
    }
    await expect(EmbeddedPostgres.start(options())).rejects.toThrow(/already runs on/);
    expect(await postmasterOf(directory)).toBe(postmaster);
    await expect(query(connection, 'SELECT 1')).resolves.toHaveLength(1);
  });

  it('lets others attach, who start and stop nothing', async () => {
    await expect(EmbeddedPostgres.attach(options())).rejects.toThrow(/Start the service that owns it first/);
    const owner = launch(directory);
    const connection = await owner.connection();

    const attached = await EmbeddedPostgres.attach(options());
    expect(attached.connection).toEqual(connection);
    await attached.stop();
    await expect(query(attached.connection, 'SELECT 1')).resolves.toHaveLength(1);
  });

  it('uses a socket elsewhere when the path is too long for one, and others find it', async () => {
    directory = join(place, 'a-long-name-'.repeat(12), 'postgres');
    const server = await start();
    expect(server.connection.host.startsWith(directory)).toBe(false);
    expect((await stat(server.connection.host)).mode & 0o777).toBe(0o700);
    const attached = await EmbeddedPostgres.attach(options());
    await expect(query(attached.connection, 'SELECT 1')).resolves.toHaveLength(1);
    await expect(launch(directory).connection()).rejects.toThrow(/already runs on/);
    await server.stop();

    const again = await start();
    expect(again.connection.host).toBe(server.connection.host);
    await again.stop();
    await expect(stat(server.connection.host)).rejects.toThrow(/ENOENT/);
  });

  it('takes paths with blanks, commas and quotes', async () => {
    directory = join(place, `it's "a", b`, 'postgres');
    const { connection } = await start();
    await expect(query(connection, 'SELECT 1')).resolves.toHaveLength(1);
  });

  it('gives the user a new password when the file is lost', async () => {
    const first = await start();
    await query(first.connection, 'CREATE TABLE kept AS SELECT 1 AS one');
    await first.stop();
    await rm(join(directory, 'password'));

    const second = await start();
    expect(second.connection.password).not.toBe(first.connection.password);
    expect(await query(second.connection, 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
  });

  it('names both versions when another major version made the data', async () => {
    await (await start()).stop();
    await writeFile(join(directory, 'cluster', 'PG_VERSION'), '17\n');
    await expect(start()).rejects.toThrow(/made by PostgreSQL 17, .* comes with PostgreSQL 18.*DATA_DIR/s);
  });

  it('never makes a new database over something it does not recognize', async () => {
    await mkdir(join(directory, 'cluster'), { recursive: true });
    await writeFile(join(directory, 'cluster', 'precious'), 'data');
    await expect(start()).rejects.toThrow(/is not a PostgreSQL data directory/);
    expect(await readFile(join(directory, 'cluster', 'precious'), 'utf8')).toBe('data');
  });

  it("quotes PostgreSQL's own words when it does not start, and can be started once that is mended", async () => {
    await (await start()).stop();
    const configuration = join(directory, 'cluster', 'postgresql.conf');
    const good = await readFile(configuration);
    await appendFile(configuration, "shared_preload_libraries = 'no_such_library'\n");
    await expect(start()).rejects.toThrow(/could not access file "no_such_library"/);
    await writeFile(configuration, good);
    await expect(start()).resolves.toBeInstanceOf(EmbeddedPostgres);
  });

  describe('as an ordinary user', () => {
    it.each(asRoot ? [ORDINARY_USER] : [undefined])('runs as that user itself (uid %s)', async (uid) => {
      await chmod(place, 0o777);
      const connection = await launch(directory, { uid }).connection();
      await expect(query(connection, 'SELECT 1')).resolves.toHaveLength(1);
      expect((await stat(join(directory, 'cluster'))).uid).toBe(uid ?? process.getuid?.());
      expect(await mode()).toBe('700');
    });
  });

  (asRoot ? describe : describe.skip)('as root (skipped for an ordinary user)', () => {
    it('runs PostgreSQL as somebody else', async () => {
      const { connection } = await start();
      const { uid } = await stat(join(connection.host, '.s.PGSQL.5432'));
      expect(uid).not.toBe(0);
      expect((await stat(join(directory, 'password'))).uid).toBe(0);
    });

    it('works in a private DATA_DIR, which only the account of PostgreSQL may then pass', async () => {
      await mkdir(join(place, 'data'), { mode: 0o700 });
      const { connection } = await start();
      await expect(query(connection, 'SELECT 1')).resolves.toHaveLength(1);
      expect((await stat(join(place, 'data'))).mode & 0o777).toBe(0o710);
    });

    it('goes on with a cluster that another user made, and leaves it usable for that user', async () => {
      await chmod(place, 0o777);
      const owner = launch(directory, { uid: ORDINARY_USER });
      await query(await owner.connection(), 'CREATE TABLE kept AS SELECT 1 AS one');
      await owner.stop();

      const server = await start();
      expect(await query(server.connection, 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
      await server.stop();
      const again = launch(directory, { uid: ORDINARY_USER });
      expect(await query(await again.connection(), 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
    });
  });
});
