import { randomUUID } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Settings } from '../../src/config/settings.js';
import { LocalFileSystemStorage } from '../../src/storage/local/local-file-system-storage.js';
import { MemoryStorage } from '../../src/storage/memory/memory-storage.js';
import type { Storage, StoredObject } from '../../src/storage/storage.js';
import { StorageError } from '../../src/storage/storage-error.js';
import { DEFAULT_STORAGE } from '../../src/storage/storages.js';
import { Uploads } from '../../src/uploads/store/uploads.js';
import { UploadPlaces } from '../../src/uploads/upload-places.js';
import { UploadService } from '../../src/uploads/upload.service.js';
import { UploadSweep } from '../../src/uploads/upload-sweep.js';
import { type TestDatabase, TestDatabases } from '../harness/database.js';
import { TestStorages } from '../harness/storages.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

jest.setTimeout(60_000);

/** Counts what is taken over, and may be away. */
class WatchedStorage extends MemoryStorage {
  adoptions = 0;
  isAway = false;
  /** How old everything in it says that it is. Milliseconds. */
  age = 0;

  override adopt(...args: Parameters<MemoryStorage['adopt']>) {
    this.adoptions += 1;
    return this.isAway ? Promise.reject(new StorageError('unavailable', args[0])) : super.adopt(...args);
  }

  override delete(key: string): Promise<void> {
    return this.isAway ? Promise.reject(new StorageError('unavailable', key)) : super.delete(key);
  }

  override async *list(...args: Parameters<MemoryStorage['list']>): AsyncGenerator<StoredObject> {
    for await (const object of super.list(...args)) {
      yield { ...object, modified: new Date(Date.now() - this.age) };
    }
  }

  async keys(): Promise<string[]> {
    const keys: string[] = [];
    for await (const { key } of super.list('')) keys.push(key);
    return keys;
  }
}

const place = temporaryDirectory('uploads');
let databases: TestDatabases;
let database: TestDatabase;
let uploads: Uploads;

beforeAll(async () => {
  databases = await TestDatabases.start();
  database = await databases.open();
});
beforeEach(() => database.query('TRUNCATE upload'));
afterAll(async () => {
  await databases.close();
  place.remove();
});

/** One node: its DATA_DIR, and the storage that all of them share. */
function nodeOf(storage: Storage, directory: string, limits: Record<string, string> = {}) {
  const settings = Settings.parse({ DATA_DIR: join(place.path, directory), MAX_UPLOAD: '1KiB', ...limits });
  uploads = new Uploads(database.database, settings);
  const places = new UploadPlaces(settings);
  const storages = new TestStorages();
  storages.add(DEFAULT_STORAGE, storage);
  const service = new UploadService(uploads, places, storages, settings);
  const sweep = new UploadSweep(service, uploads, places, storages);
  const gathered = async (bytes: string) => {
    const { id } = await service.begin({ id: randomUUID(), size: bytes.length });
    await places.make();
    await writeFile(places.path(id), bytes);
    return id;
  };
  return { service, places, sweep, gathered, settings };
}

const read = async (node: ReturnType<typeof nodeOf>, id: string) =>
  text((await node.service.open(id, AbortSignal.timeout(5_000))).body);
const expire = (id: string) => database.query('UPDATE upload SET expires_at = now() WHERE id = $1', [id]);

describe('Uploads', () => {
  let storage: WatchedStorage;
  beforeEach(() => {
    storage = new WatchedStorage();
  });

  it('are moved once, however many ask for the end of one at the same time', async () => {
    const node = nodeOf(storage, 'one');
    const id = await node.gathered('all of it');
    const states = await Promise.all([node.service.complete(id), node.service.get(id), node.service.complete(id)]);
    expect(states.map(({ received, location }) => [received, location])).toEqual(
      states.map(() => [9, `${DEFAULT_STORAGE}:uploads/${id}`]),
    );
    expect(storage.adoptions).toBe(1);
    expect(await read(node, id)).toBe('all of it');
    // What comes again later has nothing left to do.
    expect(await node.service.complete(id)).toMatchObject({ received: 9 });
    expect(storage.adoptions).toBe(1);
  });

  it('that were moved by a service which died before it said so are complete at the next look', async () => {
    const node = nodeOf(storage, 'died');
    const id = await node.gathered('moved');
    await storage.adopt(`uploads/${id}`, node.places.path(id));
    expect(await uploads.find(id)).toMatchObject({ location: null });
    expect(await node.service.get(id)).toMatchObject({ received: 5, location: `${DEFAULT_STORAGE}:uploads/${id}` });
    expect(await read(node, id)).toBe('moved');
  });

  it('stay where they were gathered while the storage is away, and move when it is back', async () => {
    const node = nodeOf(storage, 'away');
    const id = await node.gathered('patient');
    storage.isAway = true;
    await expect(node.service.complete(id)).rejects.toThrow(StorageError);
    await expect(node.service.get(id)).rejects.toThrow(StorageError);
    expect(await node.places.received(id)).toBe(7);
    storage.isAway = false;
    expect(await node.service.get(id)).toMatchObject({ received: 7 });
    expect(await node.places.received(id)).toBeUndefined();
    expect(await read(node, id)).toBe('patient');
  });

  it('can be used from every node once they are complete, and from none before', async () => {
    const [first, second] = [nodeOf(storage, 'first'), nodeOf(storage, 'second')];
    const id = await first.gathered('shared');
    await expect(second.service.open(id, AbortSignal.timeout(5_000))).rejects.toMatchObject({
      code: 'upload-incomplete',
    });
    await first.service.complete(id);
    expect(await read(second, id)).toBe('shared');
    await second.service.remove(id);
    await expect(first.service.get(id)).rejects.toMatchObject({ code: 'no-such-upload' });
    expect(await storage.keys()).toEqual([]);
  });

  it('that are removed while they move leave nothing in the storage', async () => {
    const [node, other] = [nodeOf(storage, 'shared-disk'), nodeOf(storage, 'shared-disk')];
    const id = await node.gathered('short-lived');
    const [moved, removed] = await Promise.allSettled([node.service.complete(id), other.service.remove(id)]);
    expect(removed.status).toBe('fulfilled');
    if (moved.status === 'rejected') expect(moved.reason).toMatchObject({ code: 'no-such-upload' });
    await other.sweep.sweep();
    expect(await storage.keys()).toEqual([]);
    expect(await readdir(node.places.directory)).toEqual([]);
  });

  it('go when their time has passed, complete or not, with their bytes', async () => {
    const node = nodeOf(storage, 'expired', { UPLOAD_TTL: '1h' });
    const [kept, moved, partial] = [await node.gathered('a'), await node.gathered('b'), await node.gathered('c')];
    await node.service.complete(kept);
    await node.service.complete(moved);
    await expire(moved);
    await expire(partial);
    await expect(node.service.get(moved)).rejects.toMatchObject({ code: 'no-such-upload' });
    await node.sweep.sweep();
    expect(await database.query('SELECT id FROM upload')).toEqual([{ id: kept }]);
    expect(await storage.keys()).toEqual([`uploads/${kept}`]);
    expect(await readdir(node.places.directory)).toEqual([]);
    const [{ hours }] = await database.query<{ hours: number }>(
      'SELECT extract(epoch FROM expires_at - created_at)::int / 3600 AS hours FROM upload',
    );
    expect(hours).toBe(1);
  });

  it('whose storage is away when their time has passed are found again, and hold up no other', async () => {
    const node = nodeOf(storage, 'later');
    const [moved, partial] = [await node.gathered('b'), await node.gathered('c')];
    await node.service.complete(moved);
    await expire(moved);
    storage.isAway = true;
    await node.sweep.sweep();
    expect((await database.query<{ id: string }>('SELECT id FROM upload')).map(({ id }) => id).sort()).toEqual(
      [moved, partial].sort(),
    );
    storage.isAway = false;
    await node.sweep.sweep();
    expect(await database.query('SELECT id FROM upload')).toEqual([{ id: partial }]);
    expect(await storage.keys()).toEqual([]);
  });

  it('of which no row is left are swept from the disk, and nothing else is', async () => {
    const node = nodeOf(storage, 'leftover');
    const id = await node.gathered('kept');
    await mkdir(node.places.directory, { recursive: true });
    await writeFile(node.places.path(randomUUID()), 'nobody knows it');
    await writeFile(node.places.path('not-an-upload'), 'somebody else put it here');
    await node.sweep.sweep();
    expect((await readdir(node.places.directory)).sort()).toEqual([id, 'not-an-upload'].sort());
  });

  it('of which no row is left are swept from DATA_DIR when they are old, and nothing else is', async () => {
    const node = nodeOf(storage, 'moved');
    const [known, unknown] = [await node.gathered('known'), randomUUID()];
    await node.service.complete(known);
    await storage.put(`uploads/${unknown}`, Buffer.from('nobody knows it'));
    await storage.put('uploads/by-hand', Buffer.from('somebody else put it here'));
    await node.sweep.sweep();
    expect(await storage.keys()).toContain(`uploads/${unknown}`);
    storage.age = 25 * 3_600_000;
    await node.sweep.sweep();
    expect(await storage.keys()).toEqual([`uploads/${known}`, 'uploads/by-hand'].sort());
  });

  it('have a limit for all bytes together, where an unknown size counts as the largest one', async () => {
    const node = nodeOf(storage, 'space', { UPLOADS_SPACE: '2KiB' });
    const begin = (size?: number) => node.service.begin({ id: randomUUID(), size });
    const unknown = await begin();
    const large = await begin(1024);
    await expect(begin(1)).rejects.toMatchObject({ code: 'too-many-uploads' });
    await expect(begin()).rejects.toMatchObject({ code: 'too-many-uploads' });
    await node.service.remove(large.id);
    await begin(24);
    await expect(begin()).rejects.toMatchObject({ code: 'too-many-uploads' });
    await node.service.remove(unknown.id);
    // A whole file without a length is counted as what it turned out to be.
    await node.service.receive(Readable.from([Buffer.alloc(10)]), {}, undefined);
    const [{ bytes }] = await database.query<{ bytes: string }>('SELECT sum(size) AS bytes FROM upload');
    expect(bytes).toBe('34');
    await begin(1024);
  });

  it('move by renaming when the storage is on the same disk', async () => {
    const local = new LocalFileSystemStorage(join(place.path, 'store'));
    const node = nodeOf(local, 'local');
    const id = await node.gathered('renamed');
    expect(await node.service.complete(id)).toMatchObject({ received: 7 });
    expect(await read(node, id)).toBe('renamed');
    expect(await readdir(node.places.directory)).toEqual([]);
  });
});
