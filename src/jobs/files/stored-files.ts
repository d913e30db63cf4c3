import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Injectable } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import { formatLocation, parseLocation } from '../../storage/file-location.js';
import { patiently } from '../../storage/storage-patience.js';
import { isFileGone, storageFailure } from '../../storage/storage-unavailable.js';
import { DEFAULT_STORAGE, Storages } from '../../storage/storages.js';
import type { PresignOptions, Storage } from '../../storage/storage.js';
import { JobFiles } from '../job-files.js';
import { type FileTransport, RunFiles, type Waiting } from './run-files.js';
import { StorageBytes } from './storage-bytes.js';
import { LocalBytes, type StoredBytes } from './stored-bytes.js';

/** What is known of a file that is to be kept. */
interface KeptFile {
  /** absolute, below DATA_DIR */
  readonly path: string;
  readonly mediaType: string;
  /** bytes, where they are known */
  readonly size?: number;
  /** of the bytes, where it is known; what the disk gives has to agree with it */
  readonly sha256?: string;
}

/**
 * The files of jobs where they are kept: below DATA_DIR, or in the storage of their job, under the same names. A node
 * that uses a storage shares nothing with the others but that, and the database.
 */
@Injectable()
export class StoredFiles implements FileTransport {
  constructor(
    private readonly files: JobFiles,
    private readonly storages: Storages,
    private readonly settings: Settings,
  ) {}

  /**
   * The storage of a job that begins now, as its row names it.
   * @param wanted by the process
   * @returns nothing when its files lie in DATA_DIR
   */
  storageFor(wanted: string | undefined): string | undefined {
    const ref = wanted ?? this.storages.defaultRef;
    return ref === DEFAULT_STORAGE ? undefined : ref;
  }

  /** @param directory absolute; files that are fetched for the run come into it */
  ofRun(storage: string | null | undefined, directory: string, waiting: Waiting): RunFiles {
    return new RunFiles(storage ?? undefined, directory, waiting, this, this.files);
  }

  /**
   * Streams a file of this machine into a storage. An outage of it is waited out.
   * @param patience milliseconds
   * @returns the location as rows hold it
   * @throws DomainError `storage-unavailable`; the reason of the signal
   */
  async upload(
    { path, ...options }: KeptFile,
    storage: string,
    waiting: Waiting = {},
    patience = this.settings.STORAGE_PATIENCE,
  ): Promise<string> {
    const key = this.files.stored(path);
    const { signal } = waiting;
    await this.patiently(
      storage,
      (opened) => opened.put(key, createReadStream(path), { ...options, signal }),
      patience,
      waiting,
    );
    return formatLocation({ storage, key });
  }

  /**
   * Copies a file from wherever it is to a place on this machine, whole or not at all.
   * @param location as rows hold it
   * @param path absolute
   * @throws DomainError `storage-unavailable`; an error that `isFileGone` knows
   */
  async download(location: string, path: string, waiting: Waiting = {}): Promise<void> {
    const { storage, key } = parseLocation(location);
    const { signal } = waiting;
    const partial = `${path}.partial`;
    await mkdir(dirname(path), { recursive: true });
    const fetch = async (open: () => ReturnType<Storage['get']>) => {
      await pipeline(await open(), createWriteStream(partial), { signal });
      await rename(partial, path);
    };
    try {
      if (storage === undefined) await fetch(() => Promise.resolve(createReadStream(this.files.absolute(key))));
      else {
        await this.patiently(
          storage,
          (opened) => fetch(() => opened.get(key, { signal })),
          this.settings.STORAGE_PATIENCE,
          waiting,
        );
      }
    } catch (error) {
      await rm(partial, { force: true });
      throw error;
    }
  }

  /**
   * Gives a file of one job to another one as well, which outlives the first: a hard link on the disk, a copy in a
   * storage.
   * @param location as rows hold it
   * @param storage of the other job
   * @param place directories below that of the other job
   * @returns the location for the other job
   * @throws an error that `isFileGone` knows; DomainError `storage-unavailable`
   */
  async share(location: string, jobId: string, storage: string | undefined, ...place: string[]): Promise<string> {
    const source = parseLocation(location);
    if (source.storage === undefined && storage === undefined) return await this.files.share(location, jobId, ...place);
    const path = [this.files.directory(jobId), ...place, basename(source.key)].join('/');
    if (storage === undefined) {
      await this.download(location, path);
      return this.files.stored(path);
    }
    const key = this.files.stored(path);
    try {
      const target = await this.storages.open(storage);
      if (source.storage === storage) await target.copy(source.key, key);
      else await target.put(key, await this.openWhole(location));
    } catch (error) {
      throw isFileGone(error) ? error : storageFailure(error);
    }
    return formatLocation({ storage, key });
  }

  /** What the keys of a job's files in a storage begin with, or of those that one attempt of it wrote. */
  prefixOf(jobId: string, epoch?: number): string {
    const directory = epoch === undefined ? this.files.directory(jobId) : this.files.attempt(jobId, epoch);
    return `${this.files.stored(directory)}/`;
  }

  /** The bytes of a file. @param location as rows hold it */
  bytesOf(location: string): StoredBytes {
    const { storage, key } = parseLocation(location);
    if (storage === undefined) return new LocalBytes(this.files.absolute(key));
    return new StorageBytes(() => this.storages.open(storage), key);
  }

  /** A URL at which anybody can get a file for a while; nothing where there is none. @param location as rows hold it */
  async presign(location: string, options: PresignOptions): Promise<string | undefined> {
    const { storage, key } = parseLocation(location);
    if (storage === undefined) return undefined;
    try {
      return await (await this.storages.open(storage)).presign(key, options);
    } catch (error) {
      throw storageFailure(error);
    }
  }

  /**
   * Removes from a storage everything whose key begins with a prefix.
   * @param keeping what the keys of those begin with that stay
   * @throws StorageError
   */
  async removeAll(storage: string, prefix: string, keeping?: string): Promise<void> {
    const opened = await this.storages.open(storage);
    if (keeping === undefined) await opened.deleteAll(prefix);
    else {
      for await (const { key } of opened.list(prefix)) if (!key.startsWith(keeping)) await opened.delete(key);
    }
  }

  private async openWhole(location: string) {
    const { storage, key } = parseLocation(location);
    return storage === undefined
      ? createReadStream(this.files.absolute(key))
      : await (await this.storages.open(storage)).get(key);
  }

  private async patiently<T>(
    storage: string,
    operation: (opened: Storage) => Promise<T>,
    patience: number,
    { signal, tell }: Waiting,
  ): Promise<T> {
    try {
      return await patiently(async () => await operation(await this.storages.open(storage)), {
        storage,
        patience,
        signal,
        tell,
      });
    } catch (error) {
      signal?.throwIfAborted();
      throw isFileGone(error) ? error : storageFailure(error);
    }
  }
}
