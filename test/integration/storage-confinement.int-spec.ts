import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Settings } from '../../src/config/settings.js';
import { HttpStorage } from '../../src/storage/http/http-storage.js';
import { LocalFileSystemStorage } from '../../src/storage/local/local-file-system-storage.js';
import { S3Storage } from '../../src/storage/s3/s3-storage.js';
import { StorageAddressPolicy } from '../../src/storage/storage-address-policy.js';
import { FaultServer } from '../harness/fault-server.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

describe('a directory as storage', () => {
  let place: ReturnType<typeof temporaryDirectory>;
  let base: string;
  let outside: string;
  let storage: LocalFileSystemStorage;

  beforeEach(() => {
    place = temporaryDirectory('confinement');
    base = join(place.path, 'base');
    outside = join(place.path, 'outside');
    mkdirSync(base);
    mkdirSync(outside);
    writeFileSync(join(outside, 'secret'), 'secret');
    storage = new LocalFileSystemStorage(base);
  });
  afterEach(() => place.remove());

  const forbidden = { name: 'StorageError', fault: 'forbidden' };

  it('follows no symbolic link to a file', async () => {
    symlinkSync(join(outside, 'secret'), join(base, 'link'));
    await expect(storage.get('link')).rejects.toMatchObject(forbidden);
    await expect(storage.stat('link')).rejects.toMatchObject(forbidden);
    await expect(storage.put('link', Buffer.from('x'))).rejects.toMatchObject(forbidden);
    await expect(storage.copy('link', 'copy')).rejects.toMatchObject(forbidden);
    expect(storage.localPath('link')).toBeUndefined();
    await storage.delete('link');
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret');
  });

  it('follows no symbolic link to a directory', async () => {
    symlinkSync(outside, join(base, 'link'));
    await expect(storage.get('link/secret')).rejects.toMatchObject(forbidden);
    await expect(storage.put('link/new', Buffer.from('x'))).rejects.toMatchObject(forbidden);
    await expect(storage.put('link/new/deep', Buffer.from('x'))).rejects.toMatchObject(forbidden);
    await expect(storage.delete('link/secret')).rejects.toMatchObject(forbidden);
    await expect(storage.deleteAll('link/')).rejects.toMatchObject(forbidden);
    expect(storage.localPath('link/secret')).toBeUndefined();
    expect(await keysOf(storage)).toEqual([]);
    expect(readdirSync(outside)).toEqual(['secret']);
  });

  it('removes links below a prefix, and not what they lead to', async () => {
    await storage.put('jobs/a/file', Buffer.from('x'));
    symlinkSync(outside, join(base, 'jobs/a/link'));
    await storage.deleteAll('jobs/a/');
    expect(existsSync(join(base, 'jobs'))).toBe(false);
    expect(readdirSync(outside)).toEqual(['secret']);
  });

  it('writes nothing elsewhere when a directory becomes a link during a put', async () => {
    mkdirSync(join(base, 'jobs'));
    const source = async function* () {
      yield Buffer.from('begin');
      renameSync(join(base, 'jobs'), join(place.path, 'moved'));
      symlinkSync(outside, join(base, 'jobs'));
      yield await Promise.resolve(Buffer.from('end'));
    };
    await storage.put('jobs/file', source());
    expect(readdirSync(outside)).toEqual(['secret']);
    await expect(storage.get('jobs/file')).rejects.toMatchObject(forbidden);
  });

  it('takes over no link and no special file, and waits for no pipe', async () => {
    const link = join(place.path, 'link');
    const pipe = join(base, 'pipe');
    symlinkSync(join(outside, 'secret'), link);
    execFileSync('mkfifo', [pipe]);
    await expect(storage.adopt('stolen', link)).rejects.toMatchObject(forbidden);
    await expect(storage.adopt('stolen', pipe)).rejects.toMatchObject(forbidden);
    await expect(storage.get('pipe')).rejects.toMatchObject(forbidden);
    expect(await keysOf(storage)).toEqual([]);
  });

  it('lists no leftovers of writes that were cut off, and removes them with their directory', async () => {
    await storage.put('jobs/a/file', Buffer.from('x'));
    writeFileSync(join(base, 'jobs/a/.partial\\leftover'), 'half');
    expect(await keysOf(storage)).toEqual(['jobs/a/file']);
    await storage.deleteAll('jobs/a/');
    expect(existsSync(join(base, 'jobs'))).toBe(false);
  });

  it('puts beside deletions that take the empty directory away', async () => {
    for (let round = 0; round < 20; round += 1) {
      const puts = [1, 2, 3].map((number) => storage.put(`race/deep/${number}`, Buffer.from('x')));
      await Promise.all([...puts, storage.delete('race/deep/1'), storage.delete('race/deep/2')]);
      expect(await text(await storage.get('race/deep/3'))).toBe('x');
      await Promise.all([1, 2, 3].map((number) => storage.delete(`race/deep/${number}`)));
    }
    expect(existsSync(join(base, 'race'))).toBe(false);
  }, 60_000);

  it('says that a key lies below another one, or above it', async () => {
    await storage.put('a/b', Buffer.from('x'));
    const invalid = { name: 'StorageError', fault: 'invalid-key' };
    await expect(storage.put('a', Buffer.from('x'))).rejects.toMatchObject(invalid);
    await expect(storage.put('a/b/c', Buffer.from('x'))).rejects.toMatchObject(invalid);
    await storage.delete('a');
    expect(await keysOf(storage)).toEqual(['a/b']);
  });
});

describe('storages elsewhere', () => {
  const closed = new StorageAddressPolicy(Settings.parse({}));
  const refused = {
    name: 'StorageError',
    fault: 'misconfigured',
    message: expect.stringContaining('ALLOW_PRIVATE_STORAGE') as unknown,
  };
  let server: FaultServer;

  beforeEach(async () => {
    server = await FaultServer.start(200);
  });
  afterEach(() => server.stop());

  it.each([
    ['an address', (url: string) => url],
    ['a name', (url: string) => url.replace('127.0.0.1', 'localhost')],
  ])('are not connected to at private addresses, given as %s', async (_, at) => {
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
    const s3 = new S3Storage({ bucket: 'b', endpoint: at(server.url), credentials, attempts: 1 }, closed);
    const http = new HttpStorage({ baseUrl: at(server.url) }, closed);
    for (const storage of [s3, http]) {
      await expect(storage.stat('key')).rejects.toMatchObject(refused);
      await expect(storage.test()).rejects.toMatchObject(refused);
      await storage.close();
    }
  });

  it('have no prefix that leads out of it', () => {
    const options = { bucket: 'b', endpoint: server.url };
    expect(() => new S3Storage({ ...options, prefix: 'a/../../other' }, closed)).toThrow('is no key');
  });
});

async function keysOf(storage: LocalFileSystemStorage): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of storage.list('')) keys.push(key);
  return keys;
}
