import git, { type TreeEntry } from 'isomorphic-git';
import fs from 'node:fs';
import { Readable } from 'node:stream';
import { rangeWithin } from '../byte-range.js';
import { ReadOnlyStorage } from '../read-only-storage.js';
import type { GetOptions, StoredObject } from '../storage.js';
import { StorageError } from '../storage-error.js';
import type { StorageTools } from '../storage-tools.js';
import { checkKey, checkPrefix, compareKeys, isKey } from '../storage-key.js';
import { gitFault } from './git-fault.js';
import { type GitSnapshot, GitSnapshots } from './git-snapshots.js';
import type { GitStorageOptions } from './git-storage-options.js';

const REFRESH = 60_000;
const SYMBOLIC_LINK = '120000';

/** An opened commit: with the cache of the library, and what its blobs measure. */
interface OpenCommit extends GitSnapshot {
  readonly cache: object;
  readonly committed: Date;
  readonly until: number;
}

/**
 * The files of a commit. One file at a time is in memory as a whole, for the library reads no parts. Symbolic links and
 * submodules are no objects. Where a ref leads is looked up again from time to time.
 */
export class GitStorage extends ReadOnlyStorage {
  private readonly snapshots: GitSnapshots;
  private readonly path: string;
  private readonly sizes = new Map<string, number>();
  private opened: Promise<OpenCommit> | undefined;

  /** @throws StorageError `misconfigured` for a URL of another kind, `invalid-key` for a path that is none */
  constructor(
    private readonly options: GitStorageOptions,
    tools: StorageTools,
  ) {
    super();
    const path = (options.path ?? '').replace(/^\/+|\/+$/g, '');
    this.path = path === '' ? '' : `${checkKey(path)}/`;
    this.snapshots = new GitSnapshots(options, tools);
  }

  async get(key: string, { range, signal }: GetOptions = {}): Promise<Readable> {
    checkKey(key);
    signal?.throwIfAborted();
    const commit = await this.commit();
    const blob = await this.read(commit, (await this.find(commit, key)).oid);
    signal?.throwIfAborted();
    const { start, end } = rangeWithin(blob.length, range, key);
    return translated(blob.subarray(start, end), signal);
  }

  async stat(key: string): Promise<StoredObject> {
    checkKey(key);
    const commit = await this.commit();
    return await this.describe(commit, key, await this.find(commit, key));
  }

  async *list(prefix: string, after?: string): AsyncGenerator<StoredObject> {
    checkPrefix(prefix);
    const commit = await this.commit();
    for await (const { key, entry } of this.walk(commit, '', prefix, after)) {
      yield await this.describe(commit, key, entry);
    }
  }

  async test(): Promise<void> {
    const commit = await this.commit();
    if (this.path !== '' && (await this.tree(commit, this.path.slice(0, -1))) === undefined) {
      throw new StorageError('misconfigured', 'The path', { detail: 'is no directory of the repository' });
    }
  }

  override async close(): Promise<void> {
    await this.snapshots.close();
  }

  private async commit(): Promise<OpenCommit> {
    try {
      const opened = await this.opened;
      if (opened !== undefined && Date.now() < opened.until) return opened;
      this.opened = this.open(opened);
      return await this.opened;
    } catch (error) {
      this.opened = undefined;
      throw gitFault(error);
    }
  }

  private async open(before: OpenCommit | undefined): Promise<OpenCommit> {
    const { gitdir, commit } = await this.snapshots.current();
    const until = Date.now() + (this.options.refresh ?? REFRESH);
    if (before?.commit === commit) return { ...before, until };
    const cache = {};
    const { committer } = (await git.readCommit({ fs, gitdir, oid: commit, cache })).commit;
    return { gitdir, commit, cache, until, committed: new Date(committer.timestamp * 1_000) };
  }

  private async find(commit: OpenCommit, key: string): Promise<TreeEntry> {
    const path = this.path + key;
    const cut = path.lastIndexOf('/');
    const entries = await this.tree(commit, cut < 0 ? '' : path.slice(0, cut));
    const entry = entries?.find(({ path: name }) => name === path.slice(cut + 1));
    if (entry === undefined || !isFile(entry)) throw new StorageError('not-found', key);
    return entry;
  }

  /** The entries of a directory of the commit, undefined where there is none. */
  private async tree({ gitdir, commit, cache }: OpenCommit, path: string): Promise<TreeEntry[] | undefined> {
    try {
      const filepath = path === '' ? undefined : path;
      return (await git.readTree({ fs, gitdir, oid: commit, filepath, cache })).tree;
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === 'NotFoundError' || code === 'ObjectTypeError') return undefined;
      throw gitFault(error);
    }
  }

  private async *walk(
    commit: OpenCommit,
    parent: string,
    prefix: string,
    after: string | undefined,
  ): AsyncGenerator<{ key: string; entry: TreeEntry }> {
    const entries = (await this.tree(commit, (this.path + parent).slice(0, -1))) ?? [];
    const keyed = entries
      .filter((entry) => entry.type === 'tree' || isFile(entry))
      .map((entry) => ({ entry, key: `${parent}${entry.path}${entry.type === 'tree' ? '/' : ''}` }))
      .sort((a, b) => compareKeys(a.key, b.key));
    for (const { entry, key } of keyed) {
      const isTree = entry.type === 'tree';
      const isBelow = key.startsWith(prefix) || (isTree && prefix.startsWith(key));
      const isBehind = after === undefined || compareKeys(key, after) > 0 || (isTree && after.startsWith(key));
      if (!isBelow || !isBehind || !isKey(isTree ? `${key}x` : key)) continue;
      if (isTree) yield* this.walk(commit, key, prefix, after);
      else yield { key, entry };
    }
  }

  private async describe(commit: OpenCommit, key: string, { oid }: TreeEntry): Promise<StoredObject> {
    const size = this.sizes.get(oid) ?? (await this.read(commit, oid)).length;
    return { key, size, etag: oid, modified: commit.committed };
  }

  private async read({ gitdir, cache }: OpenCommit, oid: string): Promise<Buffer> {
    try {
      const { blob } = await git.readBlob({ fs, gitdir, oid, cache });
      this.sizes.set(oid, blob.length);
      return Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength);
    } catch (error) {
      throw gitFault(error);
    }
  }
}

function isFile({ type, mode }: TreeEntry): boolean {
  return type === 'blob' && mode !== SYMBOLIC_LINK;
}

/** In pieces, so that a reader who stops early has not been given everything. */
function translated(bytes: Buffer, signal: AbortSignal | undefined): Readable {
  const pieces = function* () {
    for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
  };
  return Readable.from(pieces(), { signal });
}
