import { lstatSync, realpathSync } from 'node:fs';
import { constants, type FileHandle, lstat, mkdir, open, rmdir, unlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { addAbortSignal, Readable } from 'node:stream';
import { rangeWithin } from '../byte-range.js';
import { IncomingContent } from '../incoming-content.js';
import { type GetOptions, type PutOptions, Storage, type StorageContent, type StoredObject } from '../storage.js';
import { StorageError } from '../storage-error.js';
import { checkKey, checkPrefix, checkPrefixToRemove } from '../storage-key.js';
import { makeParent, nameOf, openParent, parentsOf } from './confined-directory.js';
import { describeFile } from './file-description.js';
import { fileFault } from './file-fault.js';
import { listFiles } from './file-list.js';
import { movedFile, type PartialFile, publish, refuseTarget, writtenFile } from './file-placement.js';
import { removeEntries } from './file-removal.js';
import { OpenDirectory } from './open-directory.js';
import { partialName } from './partial-file.js';

const READ_SAFELY = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** How often the way to a new file is made when deletions of the last file beside it take it away again. */
const ATTEMPTS = 20;
/** bytes read at once */
const CHUNK = 256 * 1024;

/**
 * Files below a directory, and nowhere else: no symbolic link below it is followed or listed, and special files are no
 * objects. A file is written beside its place, made durable and moved there. Directories come and go with the files in
 * them; that a key lies below another one is what a file system cannot do (`invalid-key`).
 */
export class LocalFileSystemStorage extends Storage {
  private readonly base: string;

  /** @param basepath is made when something is put; it may itself be a symbolic link */
  constructor(basepath: string) {
    super();
    this.base = resolve(basepath);
  }

  async put(key: string, content: StorageContent, options: PutOptions = {}): Promise<StoredObject> {
    const incoming = new IncomingContent(key, content, options);
    try {
      return await this.place(key, writtenFile(incoming), options);
    } catch (error) {
      incoming.throwIfFailed();
      throw fileFault(error, key);
    } finally {
      incoming.release();
    }
  }

  async get(key: string, { range, signal }: GetOptions = {}): Promise<Readable> {
    signal?.throwIfAborted();
    const file = await this.open(key);
    try {
      const { start, end } = rangeWithin((await file.stat()).size, range, key);
      if (start === end) {
        await file.close();
        return Readable.from([]);
      }
      const stream = file.createReadStream({ start, end: end - 1, highWaterMark: CHUNK });
      return signal === undefined ? stream : addAbortSignal(signal, stream);
    } catch (error) {
      await file.close();
      throw fileFault(error, key);
    }
  }

  async stat(key: string): Promise<StoredObject> {
    const directory = await openParent(this.base, checkKey(key));
    try {
      return describeFile(key, await lstat(directory.at(nameOf(key)), { bigint: true }));
    } catch (error) {
      throw fileFault(error, key);
    } finally {
      await directory.close();
    }
  }

  async *list(prefix: string, after?: string): AsyncGenerator<StoredObject> {
    checkPrefix(prefix);
    try {
      for await (const { key, stats } of listFiles(this.base, prefix, after)) {
        if (stats.isFile()) yield describeFile(key, stats);
      }
    } catch (error) {
      throw fileFault(error, JSON.stringify(prefix));
    }
  }

  async delete(key: string): Promise<void> {
    checkKey(key);
    await this.inParent(key, async (directory) => {
      const path = directory.at(nameOf(key));
      if (!(await lstat(path)).isDirectory()) await unlink(path);
    });
    await this.removeEmptyParents(key);
  }

  /** Whatever lies in directories whose keys all begin with the prefix goes as well: links, special and partial files. */
  async deleteAll(prefix: string): Promise<void> {
    const below = `${checkPrefixToRemove(prefix)}x`;
    await this.inParent(below, (directory) => removeEntries(directory, nameOf(prefix)));
    await this.removeEmptyParents(below);
  }

  async copy(from: string, to: string): Promise<StoredObject> {
    checkKey(to);
    return await this.put(to, await this.get(from));
  }

  async adopt(key: string, path: string, options: PutOptions = {}): Promise<StoredObject> {
    checkKey(key);
    try {
      if (!(await lstat(path)).isFile()) throw new StorageError('forbidden', key, { detail: 'is no regular file' });
      return await this.place(key, movedFile(path), options);
    } catch (error) {
      options.signal?.throwIfAborted();
      if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw fileFault(error, key);
    }
    const file = await open(path, READ_SAFELY).catch((error: unknown) => {
      throw fileFault(error, key);
    });
    const stored = await this.put(key, file.createReadStream({ highWaterMark: CHUNK }), options);
    await unlink(path).catch(() => undefined);
    return stored;
  }

  async test(): Promise<void> {
    try {
      await mkdir(this.base, { recursive: true });
      const directory = await OpenDirectory.open(this.base);
      try {
        const path = directory.at(partialName());
        await (await open(path, 'wx')).close();
        await unlink(path);
      } finally {
        await directory.close();
      }
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (!['ENOENT', 'ENOTDIR', 'EEXIST'].includes(code)) throw fileFault(error, 'The base path');
      throw new StorageError('misconfigured', 'The base path', { cause: error, detail: 'is no directory' });
    }
  }

  /** undefined also where a symbolic link leads away, or nothing is there. */
  override localPath(key: string): string | undefined {
    checkKey(key);
    try {
      const path = join(realpathSync(this.base), key);
      return realpathSync(path) === path && lstatSync(path).isFile() ? path : undefined;
    } catch {
      return undefined;
    }
  }

  /**
   * Brings a file to its place. The way there is made again when it was removed before the partial file was in it; from
   * then on, that file holds it.
   */
  private async place(key: string, file: PartialFile, options: PutOptions): Promise<StoredObject> {
    const { overwrite = true, signal } = options;
    checkKey(key);
    signal?.throwIfAborted();
    for (let attempt = 1; ; attempt += 1) {
      let directory: OpenDirectory | undefined;
      const partial = partialName();
      try {
        directory = await makeParent(this.base, key);
        await refuseTarget(directory.at(nameOf(key)), key, overwrite);
        await file.begin(directory.at(partial));
      } catch (error) {
        await directory?.close();
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === ATTEMPTS) throw error;
        continue;
      }
      try {
        await file.complete(directory.at(partial));
        signal?.throwIfAborted();
        return await publish(directory, partial, nameOf(key), key, overwrite);
      } catch (error) {
        await file.undo(directory.at(partial)).catch(() => undefined);
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        throw new StorageError('unavailable', key, { cause: error, detail: 'was removed while it was being stored' });
      } finally {
        await directory.close();
      }
    }
  }

  private async open(key: string): Promise<FileHandle> {
    const directory = await openParent(this.base, checkKey(key));
    try {
      const path = directory.at(nameOf(key));
      // Before it is opened, since that alone has effects on devices; and after, for what was opened in the end.
      describeFile(key, await lstat(path, { bigint: true }));
      const file = await open(path, READ_SAFELY);
      if ((await file.stat()).isFile()) return file;
      await file.close();
      throw new StorageError('forbidden', key, { detail: 'is no regular file' });
    } catch (error) {
      throw fileFault(error, key);
    } finally {
      await directory.close();
    }
  }

  /** Does something where a key lies; nothing when there is no such place. */
  private async inParent(key: string, act: (directory: OpenDirectory) => Promise<void>): Promise<void> {
    try {
      const directory = await openParent(this.base, key);
      try {
        await act(directory);
      } finally {
        await directory.close();
      }
    } catch (error) {
      const fault = fileFault(error, key);
      if (fault.fault !== 'not-found') throw fault;
    }
  }

  private async removeEmptyParents(key: string): Promise<void> {
    for (let way = parentsOf(key); way.length > 0; way = way.slice(0, -1)) {
      const path = way.join('/');
      try {
        await this.inParent(path, async (directory) => await rmdir(directory.at(nameOf(path))));
      } catch {
        // There is something in it, or it is not ours to remove.
        return;
      }
    }
  }
}
