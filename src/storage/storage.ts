import type { Readable } from 'node:stream';

/** Bytes to be stored: anything that can be read once, chunk by chunk. What a `put` does not read, it closes. */
export type StorageContent = Readable | AsyncIterable<Uint8Array> | Uint8Array;

/** What a storage knows of one object. */
export interface StoredObject {
  /** Segments divided by `/`, without one at the beginning; see {@link checkKey}. */
  readonly key: string;
  /** bytes */
  readonly size: number;
  readonly modified?: Date;
  /** Changes when the content does; opaque, without quotes. */
  readonly etag?: string;
  readonly mediaType?: string;
}

export interface PutOptions {
  readonly mediaType?: string;
  /** False: an object that is there already is left alone, and `put` throws `exists`. Default true. */
  readonly overwrite?: boolean;
  /** bytes, where they are known beforehand: very large contents are divided better then */
  readonly size?: number;
  /** Lower-case hexadecimal. Content that turns out to be another one is not stored, and `put` throws `corrupted`. */
  readonly sha256?: string;
  readonly signal?: AbortSignal;
}

export interface GetOptions {
  /** Bytes from `start` up to and without `end`; absent: everything. */
  readonly range?: { readonly start: number; readonly end?: number };
  readonly signal?: AbortSignal;
}

export interface PresignOptions {
  /** milliseconds for which the URL works */
  readonly lifetime: number;
  /** what the answer says of itself */
  readonly mediaType?: string;
  readonly fileName?: string;
}

/**
 * A place for bytes under keys: a directory, a bucket, a repository. Every implementation passes the contract suite
 * `test/harness/storage-contract.ts`, against the real thing.
 *
 * What a storage promises: a `put` is seen whole or not at all, and replaces atomically; nobody reads half an object.
 * No content is held in memory beyond some chunks. No key leads out of the place that the storage was given.
 * What it leaves out: directories (there are only keys), locks, versions, and permissions of single objects.
 *
 * All methods throw {@link StorageError} with a code, the reason of the signal when that was aborted, or what the content
 * threw that was to be stored. Streams end with the same errors when they fail halfway.
 */
export abstract class Storage {
  /** Streams content to a key. Resolves when it is durable. @throws StorageError `read-only`, `exists` ... */
  abstract put(key: string, content: StorageContent, options?: PutOptions): Promise<StoredObject>;

  /** @throws StorageError `not-found`, also when `range` begins behind the end of the object */
  abstract get(key: string, options?: GetOptions): Promise<Readable>;

  /** @throws StorageError `not-found` */
  abstract stat(key: string): Promise<StoredObject>;

  /**
   * The objects whose keys begin with `prefix`, in the order of their keys (by code units of UTF-8).
   * @param after only keys behind this one
   */
  abstract list(prefix: string, after?: string): AsyncIterable<StoredObject>;

  /** Removes an object; nothing happens when there is none. @throws StorageError `read-only` ... */
  abstract delete(key: string): Promise<void>;

  /**
   * Removes all objects whose keys begin with `prefix`, which must not be empty. What is put below it at the same time
   * may fail, stay or go.
   */
  abstract deleteAll(prefix: string): Promise<void>;

  /** Copies within the storage, without sending the content through this process where the service can do that. */
  abstract copy(from: string, to: string): Promise<StoredObject>;

  /** Whether the place can be reached and used as configured. @throws StorageError that says what is wrong */
  abstract test(): Promise<void>;

  /** Takes over a file of this machine; moves it where that is possible. */
  abstract adopt(key: string, path: string, options?: PutOptions): Promise<StoredObject>;

  /** A URL at which anybody can get the object for a while; undefined where the storage knows no such thing. */
  presign(_key: string, _options: PresignOptions): Promise<string | undefined> {
    return Promise.resolve(undefined);
  }

  /** Path of the object as a file of this machine, where it is one; it must not be changed. */
  localPath(_key: string): string | undefined {
    return undefined;
  }

  /** Ends connections. The storage is not used afterwards. */
  close(): Promise<void> {
    return Promise.resolve();
  }
}
