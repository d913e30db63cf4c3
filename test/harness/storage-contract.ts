import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { compareKeys } from '../../src/storage/storage-key.js';
import type { Storage } from '../../src/storage/storage.js';
import type { StorageFault } from '../../src/storage/storage-error.js';
import { temporaryDirectory } from './temporary-directory.js';

const MIB = 1024 ** 2;

/** What is in the storage at the beginning. */
export type Seed = ReadonlyMap<string, Buffer>;

/** A storage with the seed in it, and views of the same place that do not work. */
export interface OpenedStorage {
  readonly storage: Storage;
  /** with credentials that do not give access */
  readonly forbidden?: Storage;
  /** its server answers 503 to everything */
  readonly failing?: Storage;
  /** its server takes connections and says nothing; it is given up after half a second */
  readonly slow?: Storage;
  /** its bucket, repository or directory does not exist or cannot be used */
  readonly misconfigured?: Storage;
  remove(): Promise<void> | void;
}

/** In what a storage differs; the contract is the same otherwise. */
export interface StorageTraits {
  readonly isReadOnly?: boolean;
  readonly cannotList?: boolean;
  /** of two that put without overwriting at the same time, both may win */
  readonly createsRace?: boolean;
  /** its server lists in an order of its own */
  readonly listsUnordered?: boolean;
  /** its server takes the range of the first byte for all bytes, and fails when a range begins behind the end */
  readonly misreadsRanges?: boolean;
  /** its server lets readers see what is being written */
  readonly showsWriting?: boolean;
  /** its class has moved much data in another run of the contract, which need not be done twice */
  readonly isLargeElsewhere?: boolean;
}

/** Names that are awkward somewhere: in the order of UTF-8, which is not that of UTF-16, and in the wrong one of paths. */
const SEED: Seed = new Map<string, Buffer>([
  ['%2e%2e/escaped', Buffer.from('no parent')],
  ['a+b &?#=;.txt', Buffer.from('signs')],
  ['a-b', Buffer.from('before the slash')],
  ['a/b', Buffer.from('0123456789')],
  ['a/c.bin', randomBytes(MIB)],
  ['a/d/e', Buffer.from('deep')],
  ['a0', Buffer.from('behind the slash')],
  ['empty', Buffer.alloc(0)],
  ['u/\u00fc', Buffer.from('umlaut')],
  ['u/\ue000', Buffer.from('private use')],
  ['u/\u{1f600}', Buffer.from('beyond the basic plane')],
]);

const NO_KEYS = [
  '',
  '/absolute',
  '../up',
  'a/../b',
  'a/..',
  '.',
  './a',
  'a//b',
  'a/',
  'a\\b',
  '..\\up',
  'nul\0',
  'line\nfeed',
  '\ud800',
  `${'x'.repeat(201)}`,
  `${'x/'.repeat(460)}x`,
];

/** Defines the tests of what every storage promises. @param open makes a storage that holds the seed and nothing else */
export function describeStorage(
  name: string,
  traits: StorageTraits,
  open: (seed: Seed) => Promise<OpenedStorage>,
): void {
  describe(name, () => {
    let opened: OpenedStorage;
    let storage: Storage;

    beforeAll(async () => {
      opened = await open(SEED);
      storage = opened.storage;
    }, 120_000);
    afterAll(async () => {
      await opened?.storage.close();
      await opened?.remove();
    });

    const read = async (key: string, range?: { start: number; end?: number }) =>
      await buffer(await storage.get(key, { range }));
    const keys = async (prefix: string, after?: string) => {
      const found: string[] = [];
      for await (const { key } of storage.list(prefix, after)) found.push(key);
      return traits.listsUnordered ? found.sort(compareKeys) : found;
    };

    it('can be reached', async () => {
      await storage.test();
    });

    it('gives back every byte', async () => {
      for (const [key, content] of SEED) expect([key, sha256(await read(key))]).toEqual([key, sha256(content)]);
    });

    it.each([
      [{ start: 0, end: 1 }, '0'],
      [{ start: 3, end: 7 }, '3456'],
      [{ start: 8 }, '89'],
      [{ start: 9, end: 4_000 }, '9'],
      [{ start: 4, end: 4 }, ''],
    ])('gives the range %j', async (range, expected) => {
      if (traits.misreadsRanges && expected === '0') return;
      expect(String(await read('a/b', range))).toBe(expected);
    });

    it('has nothing behind the end, and an empty object from its beginning', async () => {
      if (traits.misreadsRanges) return;
      await expect(storage.get('a/b', { range: { start: 10 } })).rejects.toMatchObject(fault('not-found'));
      expect(await read('empty', { start: 0 })).toHaveLength(0);
    });

    it('knows size and version of an object', async () => {
      const known = await storage.stat('a/c.bin');
      expect(known).toMatchObject({ key: 'a/c.bin', size: MIB });
      expect(known.etag).toMatch(/^[^"]+$/);
    });

    it('says what is not there', async () => {
      await expect(storage.get('missing/object')).rejects.toMatchObject(fault('not-found'));
      await expect(storage.stat('missing/object')).rejects.toMatchObject(fault('not-found'));
      await expect(storage.stat('a')).rejects.toMatchObject(fault('not-found'));
      await expect(storage.stat('a/b/below')).rejects.toMatchObject(fault('not-found'));
    });

    it.each(NO_KEYS)('refuses the key %j', async (key) => {
      await expect(storage.get(key)).rejects.toMatchObject(fault('invalid-key'));
      await expect(storage.stat(key)).rejects.toMatchObject(fault('invalid-key'));
      if (traits.isReadOnly) return;
      await expect(storage.put(key, Buffer.from('x'))).rejects.toMatchObject(fault('invalid-key'));
      await expect(storage.delete(key)).rejects.toMatchObject(fault('invalid-key'));
      await expect(storage.copy('a-b', key)).rejects.toMatchObject(fault('invalid-key'));
      await expect(storage.adopt(key, '/nonexistent/file')).rejects.toMatchObject(fault('invalid-key'));
    });

    it('lets go of what nobody reads to its end', async () => {
      for (let round = 0; round < 70; round += 1) {
        const stream = await storage.get('a/c.bin');
        const closed = new Promise((resolve) => stream.once('close', resolve));
        stream.destroy();
        await closed;
      }
      expect(await read('a/c.bin')).toHaveLength(MIB);
    }, 60_000);

    it('stops reading when it is told to', async () => {
      const reason = new Error('enough');
      await expect(storage.get('a/b', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      const given = new AbortController();
      const stream = await storage.get('a/c.bin', { signal: given.signal });
      const ended = buffer(stream);
      given.abort(reason);
      await expect(ended).rejects.toThrow();
      expect(stream.destroyed).toBe(true);
    });

    if (traits.cannotList) {
      it('says that it cannot list', async () => {
        await expect(keys('')).rejects.toMatchObject(fault('unsupported'));
      });
    } else {
      it('lists in the order of keys, as code units of UTF-8', async () => {
        expect(await keys('')).toEqual([...SEED.keys()]);
      });

      it.each(['a', 'a/', 'a/d', 'a/d/', 'u/', 'missing', 'a/b', 'a/b/'])(
        'lists what begins with %j',
        async (prefix) => {
          expect(await keys(prefix)).toEqual([...SEED.keys()].filter((key) => key.startsWith(prefix)));
        },
      );

      const behindWhat = traits.listsUnordered ? ['zzz'] : [...SEED.keys(), 'a', 'a/bb', 'zzz'];
      it.each(behindWhat)('goes on listing behind %j', async (after) => {
        const behind = [...SEED.keys()].filter((key) => Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0);
        expect(await keys('', after)).toEqual(behind);
      });

      it('lists with sizes, and stops when nobody asks for more', async () => {
        for await (const object of storage.list('a/')) {
          expect(object).toMatchObject({ key: 'a/b', size: 10 });
          break;
        }
      });

      it.each(['../', '/', 'a//', 'a\\', 'a/../', '\0'])('refuses to list below %j', async (prefix) => {
        await expect(keys(prefix)).rejects.toMatchObject(fault('invalid-key'));
      });
    }

    it('says that access is refused', async () => {
      if (opened.forbidden === undefined) return;
      await expect(opened.forbidden.get('a/b')).rejects.toMatchObject(fault('forbidden'));
      await expect(opened.forbidden.stat('a/b')).rejects.toMatchObject(fault('forbidden'));
      await expect(opened.forbidden.test()).rejects.toMatchObject(fault('forbidden'));
      if (traits.isReadOnly) return;
      await expect(opened.forbidden.put('a/b', Buffer.from('x'))).rejects.toMatchObject(fault('forbidden'));
    });

    it('says that its server fails, which may pass', async () => {
      if (opened.failing === undefined) return;
      const passing = { ...fault('unavailable'), isPassing: true };
      await expect(opened.failing.get('a/b')).rejects.toMatchObject(passing);
      await expect(opened.failing.stat('a/b')).rejects.toMatchObject(passing);
      await expect(opened.failing.test()).rejects.toMatchObject(passing);
      if (traits.isReadOnly) return;
      await expect(opened.failing.put('a/b', Buffer.from('x'))).rejects.toMatchObject(passing);
      await expect(opened.failing.delete('a/b')).rejects.toMatchObject(passing);
    }, 60_000);

    it('gives up a server that says nothing, which may pass', async () => {
      if (opened.slow === undefined) return;
      const passing = { ...fault('unavailable'), isPassing: true };
      await expect(opened.slow.get('a/b')).rejects.toMatchObject(passing);
      await expect(opened.slow.stat('a/b')).rejects.toMatchObject(passing);
      await expect(opened.slow.test()).rejects.toMatchObject(passing);
      if (traits.isReadOnly) return;
      await expect(opened.slow.put('a/b', Buffer.from('x'))).rejects.toMatchObject(passing);
    }, 60_000);

    it('says that its place cannot be used as configured', async () => {
      if (opened.misconfigured === undefined) return;
      await expect(opened.misconfigured.test()).rejects.toMatchObject(fault('misconfigured'));
    });

    if (traits.isReadOnly) {
      it('changes nothing', async () => {
        const source = Readable.from([Buffer.from('x')]);
        await expect(storage.put('a/b', source)).rejects.toMatchObject(fault('read-only'));
        expect(source.destroyed).toBe(true);
        await expect(storage.delete('a/b')).rejects.toMatchObject(fault('read-only'));
        await expect(storage.deleteAll('a/')).rejects.toMatchObject(fault('read-only'));
        await expect(storage.copy('a/b', 'x')).rejects.toMatchObject(fault('read-only'));
        await expect(storage.adopt('a/b', '/nonexistent/file')).rejects.toMatchObject(fault('read-only'));
        expect(String(await read('a/b'))).toBe('0123456789');
      });
      return;
    }

    describe('what is put', () => {
      const place = temporaryDirectory('contract');
      afterAll(() => place.remove());

      it.each([
        ['bytes', () => Buffer.from('content')],
        ['plain bytes', () => new TextEncoder().encode('content')],
        ['a stream', () => Readable.from([Buffer.from('con'), Buffer.from('tent')])],
        ['a generator', () => chunks(Buffer.from('con'), Buffer.from('tent'))],
      ])('is stored from %s', async (_, content) => {
        const stored = await storage.put('put/one', content(), { mediaType: 'text/plain' });
        expect(stored).toMatchObject({ key: 'put/one', size: 7 });
        expect(String(await read('put/one'))).toBe('content');
        expect((await storage.stat('put/one')).etag).toBe(stored.etag);
      });

      it('replaces what was there, and has another version then', async () => {
        const before = await storage.put('put/replaced', Buffer.from('before'));
        const after = await storage.put('put/replaced', Buffer.from('after!'));
        expect(after.etag).not.toBe(before.etag);
        expect(String(await read('put/replaced'))).toBe('after!');
      });

      it('is left out where nothing may be replaced', async () => {
        await storage.put('put/kept', Buffer.from('first'), { overwrite: false });
        const again = storage.put('put/kept', Readable.from([Buffer.from('second')]), { overwrite: false });
        await expect(again).rejects.toMatchObject(fault('exists'));
        expect(String(await read('put/kept'))).toBe('first');
      });

      if (!traits.createsRace) {
        it('is stored once by many that may not replace it', async () => {
          const puts = Array.from({ length: 8 }, (_, number) =>
            storage.put('put/raced', chunks(Buffer.from(`number ${number}`)), { overwrite: false }),
          );
          const outcomes = await Promise.allSettled(puts);
          const winner = outcomes.findIndex(({ status }) => status === 'fulfilled');
          expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
          expect(String(await read('put/raced'))).toBe(`number ${winner}`);
        });
      }

      it('is seen whole or not at all by those who read meanwhile', async () => {
        const versions = [1, 2, 3, 4, 5, 6].map((number) => Buffer.alloc(300_000 + number, number));
        await storage.put('put/watched', versions[0]);
        if (traits.showsWriting) return;
        let isDone = false;
        const reader = async () => {
          while (!isDone) {
            const seen = await read('put/watched');
            expect(seen.equals(versions[seen[0] - 1])).toBe(true);
          }
        };
        const readers = Promise.all([reader(), reader()]);
        for (const version of versions) await storage.put('put/watched', chunked(version, 40_000));
        isDone = true;
        await readers;
      });

      it('leaves the old content when it fails halfway, and nothing else', async () => {
        await storage.put('put/failing/object', Buffer.from('old'));
        const broken = new Error('the source broke');
        const source = chunks(Buffer.alloc(100_000), broken);
        await expect(storage.put('put/failing/object', source)).rejects.toBe(broken);
        await expect(storage.put('put/failing/new', chunks(Buffer.from('x'), broken))).rejects.toBe(broken);
        expect(String(await read('put/failing/object'))).toBe('old');
        expect(await keys('put/failing/')).toEqual(['put/failing/object']);
      });

      it('has the checksum that it should have, or leaves the old content', async () => {
        const content = randomBytes(200_000);
        const [right, wrong] = [sha256(content), sha256(Buffer.from('something else'))];
        await storage.put('put/checked', chunked(content, 70_000), { sha256: right });
        expect(sha256(await read('put/checked'))).toBe(right);
        const corrupted = storage.put('put/checked', chunked(randomBytes(200_000), 70_000), { sha256: wrong });
        await expect(corrupted).rejects.toMatchObject(fault('corrupted'));
        expect(sha256(await read('put/checked'))).toBe(right);
      });

      it('leaves the old content when it fails after many parts', async () => {
        await storage.put('put/failing/large', Buffer.from('old'));
        const broken = new Error('the source broke');
        const parts = Array.from({ length: 20 }, () => Buffer.alloc(MIB));
        await expect(storage.put('put/failing/large', chunks(...parts, broken))).rejects.toBe(broken);
        expect(String(await read('put/failing/large'))).toBe('old');
      });

      it('is given up when told to, though its source is silent, and holds up nobody', async () => {
        await storage.put('put/slow', Buffer.from('old'));
        const reason = new Error('enough');
        const given = new AbortController();
        const source = new Readable({ read: () => undefined });
        source.push(Buffer.from('begin'));
        const slow = storage.put('put/slow', source, { signal: given.signal });
        const silent = storage.put('put/slow', silence(), { signal: given.signal });
        const outcomes = Promise.allSettled([slow, silent]);
        await storage.put('put/quick', Buffer.from('quick'));
        expect(String(await read('put/slow'))).toBe('old');
        given.abort(reason);
        expect((await outcomes).map((outcome) => (outcome as PromiseRejectedResult).reason)).toEqual([reason, reason]);
        expect(source.destroyed).toBe(true);
        expect(String(await read('put/slow'))).toBe('old');
        await expect(storage.put('put/slow', Buffer.from('x'), { signal: given.signal })).rejects.toBe(reason);
      });

      it('is closed unread when the key is none', async () => {
        const source = Readable.from([Buffer.from('x')]);
        await expect(storage.put('../x', source)).rejects.toMatchObject(fault('invalid-key'));
        expect(source.destroyed).toBe(true);
      });

      it('is removed, once or twice', async () => {
        await storage.put('put/removed/one', Buffer.from('x'));
        await storage.delete('put/removed/one');
        await storage.delete('put/removed/one');
        await expect(storage.stat('put/removed/one')).rejects.toMatchObject(fault('not-found'));
        expect(await keys('put/removed')).toEqual([]);
      });

      it('is removed with everything below a prefix, and nothing beside it', async () => {
        for (const key of ['rm/a/1', 'rm/a/2/3', 'rm/a/2/4', 'rm/ab', 'rm/b']) await storage.put(key, Buffer.from(key));
        await storage.deleteAll('rm/a/');
        expect(await keys('rm/')).toEqual(['rm/ab', 'rm/b']);
        await storage.deleteAll('rm/a');
        expect(await keys('rm/')).toEqual(['rm/b']);
        await storage.deleteAll('rm/missing/');
        await storage.deleteAll('rm/');
        expect(await keys('rm/')).toEqual([]);
        await expect(storage.deleteAll('')).rejects.toMatchObject(fault('invalid-key'));
        await expect(storage.deleteAll('../')).rejects.toMatchObject(fault('invalid-key'));
      });

      it('is copied', async () => {
        await storage.copy('a/c.bin', 'put/copy/\u00fc +&.bin');
        expect(sha256(await read('put/copy/\u00fc +&.bin'))).toBe(sha256(SEED.get('a/c.bin')!));
        await expect(storage.copy('put/copy/missing', 'put/x')).rejects.toMatchObject(fault('not-found'));
      });

      it('is taken over from a file, which is gone then', async () => {
        const path = join(place.path, 'file');
        writeFileSync(path, SEED.get('a/c.bin')!);
        expect(await storage.adopt('put/adopted', path)).toMatchObject({ size: MIB });
        expect(sha256(await read('put/adopted'))).toBe(sha256(SEED.get('a/c.bin')!));
        expect(existsSync(path)).toBe(false);
      });

      it('stays a file of its owner when it cannot be taken over', async () => {
        const path = join(place.path, 'kept');
        writeFileSync(path, 'kept');
        await storage.put('put/taken', Buffer.from('x'));
        await expect(storage.adopt('put/taken', path, { overwrite: false })).rejects.toMatchObject(fault('exists'));
        expect(existsSync(path)).toBe(true);
      });

      it('may be large, with little memory', async () => {
        if (name === 'memory' || traits.isLargeElsewhere) return;
        const size = 192 * MIB;
        const hash = createHash('sha256');
        const memory = new LiveMemory();
        const source = async function* () {
          for (let sent = 0; sent < size; sent += 4 * MIB) {
            const chunk = randomBytes(4 * MIB);
            hash.update(chunk);
            memory.look();
            yield await Promise.resolve(chunk);
          }
        };
        expect(await storage.put('put/large', source())).toMatchObject({ size });
        const seen = createHash('sha256');
        let bytes = 0;
        for await (const chunk of (await storage.get('put/large')) as AsyncIterable<Buffer>) {
          seen.update(chunk);
          if (Math.floor(bytes / (8 * MIB)) !== Math.floor((bytes += chunk.length) / (8 * MIB))) memory.look();
        }
        expect(seen.digest('hex')).toBe(hash.digest('hex'));
        expect(memory.growth).toBeLessThan(96 * MIB);
        await storage.delete('put/large');
      }, 120_000);
    });
  });
}

/** What is still referred to, rather than what waits for the collector. */
class LiveMemory {
  private readonly collect: () => void;
  private readonly before: number;
  growth = 0;

  constructor() {
    setFlagsFromString('--expose-gc');
    this.collect = runInNewContext('gc') as () => void;
    this.before = this.now();
  }

  look(): void {
    this.growth = Math.max(this.growth, this.now() - this.before);
  }

  private now(): number {
    this.collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  }
}

function fault(name: StorageFault) {
  return { name: 'StorageError', fault: name };
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function* chunks(...parts: (Buffer | Error)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    if (part instanceof Error) throw part;
    yield await Promise.resolve(part);
  }
}

function chunked(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  const count = Math.ceil(bytes.length / size);
  return chunks(...Array.from({ length: count }, (_, index) => bytes.subarray(index * size, (index + 1) * size)));
}

async function* silence(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('begin');
  await new Promise(() => undefined);
}
