import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Settings } from '../../src/config/settings.js';
import { RunFiles, type Waiting } from '../../src/jobs/files/run-files.js';
import { StoredFiles } from '../../src/jobs/files/stored-files.js';
import { JobBlockUsage } from '../../src/jobs/job-block-usage.js';
import { JobFiles } from '../../src/jobs/job-files.js';
import { StorageRemovals } from '../../src/jobs/store/storage-removals.js';
import { DomainError } from '../../src/ogc/problems/domain-error.js';
import { ProcessRegistry } from '../../src/processes/process-registry.js';
import { FileRemoval } from '../../src/queues/supervision/file-removal.js';
import { StorageOrphans } from '../../src/queues/supervision/storage-orphans.js';
import { MemoryStorage } from '../../src/storage/memory/memory-storage.js';
import { StorageError } from '../../src/storage/storage-error.js';
import type { StoredObject } from '../../src/storage/storage.js';
import { isFileGone } from '../../src/storage/storage-unavailable.js';
import { Storages } from '../../src/storage/storages.js';
import { Uploads } from '../../src/uploads/store/uploads.js';
import { type TestDatabase, TestDatabases } from '../harness/database.js';
import { TestStorages } from '../harness/storages.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

jest.setTimeout(60_000);

const REF = 'memory/results';
const TEXT = { mediaType: 'text/plain' };

/** Counts what is read, may be away, and says that everything in it is old. */
class WatchedStorage extends MemoryStorage {
  reads = 0;
  refusals = 0;
  age = 0;

  override get(...args: Parameters<MemoryStorage['get']>): Promise<Readable> {
    this.reads += 1;
    return super.get(...args);
  }

  override async put(...args: Parameters<MemoryStorage['put']>): Promise<StoredObject> {
    if (this.refusals > 0) {
      this.refusals -= 1;
      throw new StorageError('unavailable', args[0]);
    }
    return await super.put(...args);
  }

  override deleteAll(prefix: string): Promise<void> {
    return this.refusals > 0 ? Promise.reject(new StorageError('unavailable', prefix)) : super.deleteAll(prefix);
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

const place = temporaryDirectory('stored-files');
const settings = Settings.parse({ DATA_DIR: place.path, STORAGE_PATIENCE: '2s' });
const files = new JobFiles(settings);
let storage: WatchedStorage;
let storages: TestStorages;
let stored: StoredFiles;

beforeEach(() => {
  storage = new WatchedStorage();
  storages = new TestStorages();
  storages.add(REF, storage);
  stored = new StoredFiles(files, storages, settings);
});
afterAll(() => place.remove());

/** An output that an attempt wrote to the disk of its node. */
async function written(jobId: string, name = 'map', content = 'content'): Promise<string> {
  const path = join(files.attempt(jobId, 1), 'outputs', name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  return path;
}

const runOf = (jobId: string, ref: string | null = REF, waiting: Waiting = {}): RunFiles =>
  stored.ofRun(ref, files.attempt(jobId, 2), waiting);

describe(RunFiles.name, () => {
  it('puts a file into the storage once, under its path, and leaves it in DATA_DIR where there is no storage', async () => {
    const job = randomUUID();
    const path = await written(job);
    const run = runOf(job);
    const location = `${REF}:jobs/${job}/1/outputs/map`;
    expect([await run.keep(path, TEXT), await run.keep(path, TEXT)]).toEqual([location, location]);
    expect(await storage.stat(`jobs/${job}/1/outputs/map`)).toMatchObject({ size: 7, mediaType: 'text/plain' });
    expect(await runOf(job, null).keep(path, TEXT)).toBe(`jobs/${job}/1/outputs/map`);
  });

  it('hands on what an earlier run put there without reading it, and fetches it once when it is needed here', async () => {
    const job = randomUUID();
    const location = await runOf(job).keep(await written(job), TEXT);
    await files.remove(job);
    const later = runOf(job);
    expect(await later.keep(later.pathOf(location), TEXT)).toBe(location);
    expect(storage.reads).toBe(0);
    const [path, same] = await Promise.all([later.fetch(location), later.fetch(location)]);
    expect([await readFile(path, 'utf8'), same, storage.reads]).toEqual(['content', path, 1]);
    expect(await later.keep(path, TEXT)).toBe(location);
  });

  it('waits for a storage that is away, but not longer than STORAGE_PATIENCE, nor for a job that is to stop', async () => {
    const job = randomUUID();
    storage.refusals = 2;
    const told: string[] = [];
    await runOf(job, REF, { tell: (sentence) => void told.push(sentence) }).keep(await written(job), TEXT);
    const key = `jobs/${job}/1/outputs/map`;
    expect(told).toEqual([`Waits for the storage ${REF}: ${key} cannot be reached at the moment.`]);
    storage.refusals = Infinity;
    await expect(runOf(job).keep(await written(job), TEXT)).rejects.toMatchObject({
      code: 'storage-unavailable',
    });
    const stop = new AbortController();
    const kept = runOf(job, REF, { signal: stop.signal }).keep(await written(job), TEXT);
    stop.abort(new Error('dismissed'));
    await expect(kept).rejects.toThrow('dismissed');
  });
});

describe(StoredFiles.name, () => {
  it('stores no file whose bytes on the disk are others than those that were written', async () => {
    const job = randomUUID();
    const path = await written(job);
    const facts = { ...TEXT, size: 7, sha256: createHash('sha256').update('content').digest('hex') };
    await writeFile(path, 'CONTENT');
    await expect(runOf(job).keep(path, facts)).rejects.toMatchObject({ code: 'storage-unavailable' });
    expect(await storage.keys()).toEqual([]);
    await writeFile(path, 'content');
    expect(await runOf(job).keep(path, facts)).toBe(`${REF}:jobs/${job}/1/outputs/map`);
  });

  it('gives a file to another job, from the disk and from a storage, to the disk and to a storage', async () => {
    const [from, to] = [randomUUID(), randomUUID()];
    const here = await runOf(from, null).keep(await written(from), TEXT);
    const there = await runOf(from).keep(await written(from), TEXT);
    const kinds = [
      [here, undefined],
      [here, REF],
      [there, undefined],
      [there, REF],
    ] as const;
    for (const [index, [location, ref]] of kinds.entries()) {
      const shared = await stored.share(location, to, ref, 'taken', String(index));
      expect(shared).toBe(`${ref === undefined ? '' : `${REF}:`}jobs/${to}/taken/${index}/map`);
      const bytes = stored.bytesOf(shared);
      expect(await bytes.size()).toBe(7);
      expect(await text(await bytes.read({ start: 1, end: 7 }))).toBe('ontent');
    }
  });

  it.each(['no-such-block', 'block-unusable'] as const)(
    'says of results behind %s that their storage is away',
    async (code) => {
      class NoStorage extends TestStorages {
        override open(): Promise<never> {
          return Promise.reject(new DomainError(code, 'There is no such block.'));
        }
      }
      const bytes = new StoredFiles(files, new NoStorage(), settings).bytesOf(`${REF}:jobs/none/1/a`);
      await expect(bytes.size()).rejects.toMatchObject({ code: 'storage-unavailable' });
      await expect(bytes.read({ start: 0, end: 1 })).rejects.toMatchObject({ code: 'storage-unavailable' });
    },
  );

  it('says that a file is gone, wherever it was', async () => {
    for (const location of ['jobs/none/1/a', `${REF}:jobs/none/1/a`]) {
      expect(await stored.bytesOf(location).size()).toBeUndefined();
      const shared = stored.share(location, randomUUID(), location.startsWith(REF) ? REF : undefined, 'taken');
      expect(isFileGone(await shared.catch((error: unknown) => error))).toBe(true);
    }
  });
});

describe('removal', () => {
  let databases: TestDatabases;
  let store: TestDatabase;
  let removals: StorageRemovals;
  let removal: FileRemoval;

  beforeAll(async () => {
    databases = await TestDatabases.start();
  });
  beforeEach(async () => {
    store = await databases.open({ DATA_DIR: place.path });
    removals = new StorageRemovals(store.database);
    removal = new FileRemoval(removals, stored);
  });
  afterAll(() => databases.close());

  /** A job of the storage that has ended, with an input and an output there. */
  async function ended(): Promise<string> {
    const id = await store.accepted({ storage: REF });
    const held = (await store.leases.claim(id, 'a-worker', 60_000))!;
    expect(held.storage).toBe(REF);
    await storage.put(`jobs/${id}/inputs/0`, Buffer.from('in'));
    const file = await runOf(id).keep(await written(id), TEXT);
    await store.completion.succeed(held, [{ id: 'map', mediaType: 'text/plain', file, size: 7, sha256: 'f' }]);
    return id;
  }

  const due = () => store.query<{ prefix: string }>('SELECT prefix FROM storage_removal ORDER BY prefix');

  it('is owed by the statements that remove jobs, and to storages only', async () => {
    const [dismissed, expired, kept] = [await ended(), await ended(), await ended()];
    const local = await store.claimed();
    await store.completion.succeed(local, []);
    await store.cancellation.remove(dismissed);
    await store.cancellation.remove(local.id);
    await store.query(`UPDATE job SET expires_at = now() - interval '1 s' WHERE id = $1`, [expired]);
    await store.recovery.expire(10);
    const prefixes = [dismissed, expired].map((id) => ({ prefix: `jobs/${id}/` }));
    expect(await due()).toEqual(prefixes.sort((a, b) => (a.prefix < b.prefix ? -1 : 1)));
    expect(await removal.work()).toBe(false);
    expect(await due()).toEqual([]);
    expect(await storage.keys()).toEqual([`jobs/${kept}/1/outputs/map`, `jobs/${kept}/inputs/0`]);
  });

  it('of the block of the storage is refused while anything is in it, and says what', async () => {
    const usage = new JobBlockUsage(store.database);
    expect(await usage.useOf(REF)).toBeUndefined();
    const id = await ended();
    await store.accepted({ storage: REF });
    await store.accepted({ storage: 'memory/others' });
    await store.query(
      `INSERT INTO upload (id, location, expires_at) SELECT gen_random_uuid(), x || ':uploads/a', now()
       FROM unnest($1::text[]) x`,
      [[REF, `${REF}-2`]],
    );
    const rest = '1 job(s) that have not ended';
    expect(await usage.useOf(REF)).toBe(
      `${rest}, 1 ended job(s) whose storage it is until they are removed, 1 upload(s)`,
    );
    await store.cancellation.remove(id);
    expect(await usage.useOf(REF)).toBe(`${rest}, 1 upload(s), 1 removal(s) of files that are still owed`);
    await removal.work();
    expect(await usage.useOf(REF)).toBe(`${rest}, 1 upload(s)`);
  });

  it('is made up for when the storage was away', async () => {
    const id = await ended();
    await store.cancellation.remove(id);
    storage.refusals = Infinity;
    await removal.work();
    expect(await store.query('SELECT attempts FROM storage_removal')).toEqual([{ attempts: 1 }]);
    storage.refusals = 0;
    await store.query('UPDATE storage_removal SET due_at = now()');
    await removal.work();
    expect([await due(), await storage.keys()]).toEqual([[], []]);
  });

  it('takes results past RESULT_TTL and leaves the job, and the inputs with which it can be repeated', async () => {
    const id = await ended();
    await store.query(`UPDATE job SET results_expire_at = now() - interval '1 s' WHERE id = $1`, [id]);
    expect(await store.recovery.expireResults(10)).toEqual([id]);
    await removal.work();
    expect(await storage.keys()).toEqual([`jobs/${id}/inputs/0`]);
    expect(await store.reader.get(id)).toMatchObject({ state_type: 'COMPLETED', results_expired: true });
    expect(await store.reader.outputs(id)).toEqual([]);
    expect(await store.recovery.expireResults(10)).toEqual([]);
  });

  describe('of what no job belongs to', () => {
    class OneStorage extends Storages {
      readonly defaultRef = REF;

      constructor(private readonly more: Readonly<Record<string, WatchedStorage>> = {}) {
        super();
      }

      open(ref: string): Promise<WatchedStorage> {
        const opened = ref === REF ? storage : this.more[ref];
        return opened === undefined ? Promise.reject(new StorageError('misconfigured', ref)) : Promise.resolve(opened);
      }
    }

    /** Looks through everything. */
    const sweep = async (more?: Record<string, WatchedStorage>) => {
      const all = new OneStorage(more);
      const own = new StoredFiles(files, all, settings);
      const uploads = new Uploads(store.database, settings);
      const orphans = new StorageOrphans(all, own, files, removals, new ProcessRegistry(), store.reader, uploads);
      while (await orphans.sweep());
    };
    const LONG_AGO = 48 * 3_600_000;

    it('waits until it is certain that none will', async () => {
      const known = await ended();
      const unknown = randomUUID();
      await storage.put(`jobs/${unknown}/1/outputs/a`, Buffer.from('x'));
      await storage.put('something/else', Buffer.from('x'));
      await sweep();
      expect(await storage.keys()).toContain(`jobs/${unknown}/1/outputs/a`);
      storage.age = LONG_AGO;
      await sweep();
      expect(await storage.keys()).toEqual([
        `jobs/${known}/1/outputs/map`,
        `jobs/${known}/inputs/0`,
        'jobs/owner',
        'something/else',
      ]);
    });

    it('leaves alone what another database may know', async () => {
      await storage.put('jobs/owner', Buffer.from('another one'));
      await storage.put(`jobs/${randomUUID()}/1/outputs/a`, Buffer.from('x'));
      await storage.put(`uploads/${randomUUID()}`, Buffer.from('x'));
      storage.age = LONG_AGO;
      await sweep();
      expect(await storage.keys()).toHaveLength(3);
    });

    it('looks in storages that nothing uses but rows of earlier times, whether they are there or not', async () => {
      const ofJob = await ended();
      await store.query(`UPDATE job SET storage = 'memory/job' WHERE id = $1`, [ofJob]);
      await store.query(`INSERT INTO upload (id, location, expires_at)
        VALUES (gen_random_uuid(), 'memory/upload:uploads/a', now()), (gen_random_uuid(), 'memory/gone:uploads/b', now())`);
      await store.query(`INSERT INTO storage_removal (storage, prefix) VALUES ('memory/removal', 'jobs/a/')`);
      const more: Record<string, WatchedStorage> = {};
      for (const ref of ['memory/job', 'memory/upload', 'memory/removal', 'memory/nobody']) {
        more[ref] = Object.assign(new WatchedStorage(), { age: LONG_AGO });
        await more[ref].put(`jobs/${randomUUID()}/1/outputs/a`, Buffer.from('x'));
        await more[ref].put(`uploads/${randomUUID()}`, Buffer.from('x'));
      }
      await sweep(more);
      const left = await Promise.all(Object.values(more).map((each) => each.keys()));
      expect(left.map(({ length }) => length)).toEqual([1, 1, 1, 2]);
      expect(left.slice(0, 3)).toEqual([['jobs/owner'], ['jobs/owner'], ['jobs/owner']]);
    });

    it('takes uploads that no row knows, and no other, however old they are', async () => {
      const [moving, unknown] = [randomUUID(), randomUUID()];
      await store.query(`INSERT INTO upload (id, expires_at) VALUES ($1, now() + interval '1 h')`, [moving]);
      for (const key of [`uploads/${moving}`, `uploads/${unknown}`, 'uploads/by-hand'])
        await storage.put(key, Buffer.from('x'));
      await sweep();
      expect(await storage.keys()).toContain(`uploads/${unknown}`);
      storage.age = LONG_AGO;
      await sweep();
      expect(await storage.keys()).toEqual(['jobs/owner', `uploads/${moving}`, 'uploads/by-hand'].sort());
    });
  });
});
