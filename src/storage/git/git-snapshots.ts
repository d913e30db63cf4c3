import git from 'isomorphic-git';
import { createHash, randomUUID } from 'node:crypto';
import fs from 'node:fs';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StorageTools } from '../storage-tools.js';
import { StorageError } from '../storage-error.js';
import { gitHttp } from './git-http.js';
import type { GitStorageOptions } from './git-storage-options.js';

/** A commit, and where its objects are. */
export interface GitSnapshot {
  readonly gitdir: string;
  readonly commit: string;
}

const COMMIT = /^[0-9a-f]{40}$/;
const FETCHED = 256 * 1024 ** 2;
const TIMEOUT = 60_000;
/** milliseconds for which another process may still read what a newer state has taken the place of */
const KEPT = 86_400_000;

/**
 * Brings the state that a ref names to this machine. Each fetched commit has a directory of its own that is never
 * changed, so that several processes can share the cache.
 */
export class GitSnapshots {
  private readonly http: ReturnType<typeof gitHttp>;
  private readonly url: string;
  private readonly local: string | undefined;

  /** @throws StorageError `misconfigured` for a URL of another kind */
  constructor(
    private readonly options: GitStorageOptions,
    private readonly tools: StorageTools,
  ) {
    const url = URL.canParse(options.url) ? new URL(options.url) : undefined;
    const isRemote = url?.protocol === 'http:' || url?.protocol === 'https:';
    if (isAbsolute(options.url)) this.local = options.url;
    else if (url?.protocol === 'file:') this.local = fileURLToPath(url);
    else if (!isRemote || url.username !== '' || url.password !== '') {
      throw new StorageError('misconfigured', 'The URL of the repository', {
        detail: 'is no http, https or file URL without user name and password, and no absolute path',
      });
    }
    this.url = options.url;
    this.http = gitHttp(tools.addresses, options.maxBytes ?? FETCHED, options.timeout ?? TIMEOUT);
  }

  async current(): Promise<GitSnapshot> {
    return this.local === undefined ? await this.fetched() : await this.found(this.local);
  }

  async close(): Promise<void> {
    await this.http.close();
  }

  private async found(path: string): Promise<GitSnapshot> {
    const gitdir = existsSync(join(path, '.git')) ? join(path, '.git') : path;
    const ref = this.options.ref ?? 'HEAD';
    const oid = COMMIT.test(ref) ? ref : await git.resolveRef({ fs, gitdir, ref });
    return { gitdir, commit: await commitOf(gitdir, oid) };
  }

  private async fetched(): Promise<GitSnapshot> {
    const home = join(this.tools.cacheDirectory, createHash('sha256').update(this.url).digest('hex').slice(0, 32));
    const oid = await this.remoteId();
    const gitdir = join(home, oid);
    if (!existsSync(gitdir)) {
      await this.fetch(oid, gitdir);
      await removeOld(home, oid);
    }
    return { gitdir, commit: await commitOf(gitdir, oid) };
  }

  private async remoteId(): Promise<string> {
    const ref = this.options.ref ?? 'HEAD';
    if (COMMIT.test(ref)) return ref;
    const refs = await git.listServerRefs({ ...this.access(), symrefs: true, protocolVersion: 1 });
    for (const name of [ref, `refs/${ref}`, `refs/tags/${ref}`, `refs/heads/${ref}`]) {
      const found = refs.find((remote) => remote.ref === name);
      if (found !== undefined) return found.oid;
    }
    throw new StorageError('misconfigured', 'The repository', {
      detail: `has no branch or tag ${JSON.stringify(ref)}`,
    });
  }

  private async fetch(oid: string, gitdir: string): Promise<void> {
    const partial = `${gitdir}.${randomUUID()}`;
    try {
      await mkdir(partial, { recursive: true });
      await git.init({ fs, gitdir: partial, bare: true });
      await git.addRemote({ fs, gitdir: partial, remote: 'origin', url: this.url });
      const what = { fs, gitdir: partial, ref: oid, depth: 1, singleBranch: true, tags: false };
      await git.fetch({ ...this.access(), ...what, remote: 'origin' });
      await rename(partial, gitdir).catch((error: NodeJS.ErrnoException) => {
        // Another process was faster.
        if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
      });
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
  }

  private access() {
    const { token, username = 'x-access-token', password = token } = this.options;
    const onAuth = () => (password === undefined ? { cancel: true } : { username, password });
    return { http: this.http, url: this.url, onAuth, onAuthFailure: () => ({ cancel: true }) };
  }
}

/** A tag may be an object that names the commit. */
async function commitOf(gitdir: string, oid: string): Promise<string> {
  return (await git.readCommit({ fs, gitdir, oid })).oid;
}

async function removeOld(home: string, current: string): Promise<void> {
  for (const name of await readdir(home)) {
    const path = join(home, name);
    const known = await stat(path).catch(() => undefined);
    if (known === undefined || name === current || Date.now() - known.mtimeMs < KEPT) continue;
    await rm(path, { recursive: true, force: true });
  }
}
