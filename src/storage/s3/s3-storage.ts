import {
  AbortMultipartUploadCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { createReadStream } from 'node:fs';
import { lstat, unlink } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { AddressPolicy } from '../../outgoing/address-policy.js';
import { rangeHeader } from '../byte-range.js';
import { IncomingContent } from '../incoming-content.js';
import { fileFault } from '../local/file-fault.js';
import {
  type GetOptions,
  type PresignOptions,
  type PutOptions,
  Storage,
  type StorageContent,
  type StoredObject,
} from '../storage.js';
import { slice } from '../slice.js';
import { StorageError } from '../storage-error.js';
import { checkKey, checkPrefix, checkPrefixToRemove, isKey } from '../storage-key.js';
import { translatedStream } from '../translated-stream.js';
import { s3Client } from './s3-client.js';
import { copyObject } from './s3-copy.js';
import { MOST_DELETED, S3Deletion } from './s3-deletion.js';
import { s3Fault, statusOf } from './s3-fault.js';
import type { S3StorageOptions } from './s3-storage-options.js';

/** bytes of a part of an upload; some of them are in memory at a time */
const PART = 8 * 1024 ** 2;
const PARTS_AT_ONCE = 2;
const MOST_PARTS = 10_000;
/** milliseconds: no longer may a signature of version 4 be valid */
const LONGEST_LIFETIME = 7 * 86_400_000;

/**
 * Objects of a bucket, below a prefix. Large contents go up in parts, of which a few are in memory. Where a service does
 * not know `If-None-Match`, two that put without overwriting at the same moment may both succeed.
 */
export class S3Storage extends Storage {
  private readonly client: S3Client;
  private readonly deletion: S3Deletion;
  private readonly bucket: string;
  private readonly prefix: string;

  /** @throws StorageError `invalid-key` for a prefix that is none */
  constructor(
    private readonly options: S3StorageOptions,
    addresses: AddressPolicy,
  ) {
    super();
    const prefix = (options.prefix ?? '').replace(/^\/+|\/+$/g, '');
    this.prefix = prefix === '' ? '' : `${checkKey(prefix)}/`;
    this.bucket = options.bucket;
    this.client = s3Client(options, addresses);
    this.deletion = new S3Deletion(this.client, this.bucket);
  }

  async put(key: string, content: StorageContent, options: PutOptions = {}): Promise<StoredObject> {
    const incoming = new IncomingContent(key, content, options);
    try {
      checkKey(key);
      options.signal?.throwIfAborted();
      if (options.overwrite === false && (await this.exists(key))) throw new StorageError('exists', key);
      const upload = new Upload({
        client: this.clientUntil(options.signal),
        params: {
          ...this.at(key),
          Body: Readable.from(incoming, { highWaterMark: 1 }),
          ContentType: options.mediaType,
          ...(options.overwrite === false && { IfNoneMatch: '*' }),
        },
        partSize: Math.max(PART, Math.ceil((options.size ?? 0) / MOST_PARTS)),
        queueSize: PARTS_AT_ONCE,
      });
      const { ETag } = await upload.done();
      return { key, size: incoming.size, etag: unquoted(ETag), mediaType: options.mediaType };
    } catch (error) {
      incoming.throwIfFailed();
      throw s3Fault(error, key);
    } finally {
      incoming.release();
    }
  }

  async get(key: string, { range, signal }: GetOptions = {}): Promise<Readable> {
    checkKey(key);
    const isEmpty = range?.end !== undefined && range.end <= range.start;
    try {
      signal?.throwIfAborted();
      if (isEmpty) return await this.nothingOf(key, range.start);
      const command = new GetObjectCommand({ ...this.at(key), Range: rangeHeader(range) });
      const { Body, $metadata } = await this.client.send(command, { abortSignal: signal });
      const body = translatedStream(Body as Readable, (error) => s3Fault(error, key), signal);
      // A service may send everything though it was asked for a part.
      return range === undefined || $metadata.httpStatusCode === 206 ? body : await slice(body, range, key);
    } catch (error) {
      signal?.throwIfAborted();
      // Also said of a range from the beginning of an empty object.
      if (statusOf(error) === 416) return await this.nothingOf(key, range?.start ?? 0);
      throw s3Fault(error, key);
    }
  }

  async stat(key: string): Promise<StoredObject> {
    checkKey(key);
    try {
      const head = await this.client.send(new HeadObjectCommand(this.at(key)));
      return {
        key,
        size: head.ContentLength ?? 0,
        modified: head.LastModified,
        etag: unquoted(head.ETag),
        mediaType: head.ContentType,
      };
    } catch (error) {
      throw s3Fault(error, key);
    }
  }

  async *list(prefix: string, after?: string): AsyncGenerator<StoredObject> {
    checkPrefix(prefix);
    let ContinuationToken: string | undefined;
    do {
      const page = await this.page(prefix, { after, ContinuationToken });
      for (const { Key = '', Size = 0, LastModified, ETag } of page.Contents ?? []) {
        const key = Key.slice(this.prefix.length);
        // Others may have stored what has no key here, as the markers of directories.
        if (isKey(key)) yield { key, size: Size, modified: LastModified, etag: unquoted(ETag) };
      }
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
  }

  async delete(key: string): Promise<void> {
    checkKey(key);
    try {
      await this.deletion.deleteOne(this.prefix + key);
    } catch (error) {
      const fault = s3Fault(error, key);
      if (fault.fault !== 'not-found') throw fault;
    }
  }

  async deleteAll(prefix: string): Promise<void> {
    checkPrefixToRemove(prefix);
    try {
      // Each time from the beginning: where the page before ended, services need not find a key that is gone.
      let first: string | undefined;
      for (let isTruncated = true; isTruncated;) {
        const { Contents = [], IsTruncated = false } = await this.page(prefix);
        const keys = Contents.map(({ Key = '' }) => Key);
        if (keys.length > 0 && keys[0] === first) throw new StorageError('unavailable', JSON.stringify(prefix));
        if (keys.length > 0) await this.deletion.deleteMany(keys);
        [first, isTruncated] = [keys[0], IsTruncated];
      }
    } catch (error) {
      throw s3Fault(error, JSON.stringify(prefix));
    }
  }

  async copy(from: string, to: string): Promise<StoredObject> {
    checkKey(to);
    const { size, mediaType } = await this.stat(from);
    const copy = { bucket: this.bucket, from: this.prefix + from, to: this.prefix + to, size, mediaType };
    try {
      await copyObject(this.client, copy, this.options.copyInPartsAbove);
    } catch (error) {
      throw s3Fault(error, from);
    }
    return await this.stat(to);
  }

  async adopt(key: string, path: string, options: PutOptions = {}): Promise<StoredObject> {
    checkKey(key);
    try {
      const stats = await lstat(path);
      if (!stats.isFile()) throw new StorageError('forbidden', key, { detail: 'is no regular file' });
      const stored = await this.put(key, createReadStream(path), { ...options, size: stats.size });
      await unlink(path);
      return stored;
    } catch (error) {
      options.signal?.throwIfAborted();
      throw fileFault(error, key);
    }
  }

  async test(): Promise<void> {
    try {
      await this.client.send(new HeadBucketCommand({ Bucket: this.bucket }));
    } catch (error) {
      const subject = `The bucket ${this.bucket}`;
      if (statusOf(error) !== 404) throw s3Fault(error, subject);
      throw new StorageError('misconfigured', subject, { cause: error, detail: 'does not exist' });
    }
  }

  override async presign(key: string, options: PresignOptions): Promise<string> {
    checkKey(key);
    const command = new GetObjectCommand({
      ...this.at(key),
      ResponseContentType: options.mediaType,
      ResponseContentDisposition: options.fileName === undefined ? undefined : attachment(options.fileName),
    });
    const expiresIn = Math.max(1, Math.floor(Math.min(options.lifetime, LONGEST_LIFETIME) / 1_000));
    try {
      return await getSignedUrl(this.client, command, { expiresIn });
    } catch (error) {
      throw s3Fault(error, key);
    }
  }

  override close(): Promise<void> {
    this.client.destroy();
    return Promise.resolve();
  }

  private at(key: string) {
    return { Bucket: this.bucket, Key: this.prefix + key };
  }

  private async exists(key: string): Promise<boolean> {
    try {
      await this.stat(key);
      return true;
    } catch (error) {
      if (error instanceof StorageError && error.fault === 'not-found') return false;
      throw error;
    }
  }

  private async nothingOf(key: string, start: number): Promise<Readable> {
    const { size } = await this.stat(key);
    if (start > 0 && start >= size) throw new StorageError('not-found', key, { detail: 'ends before that range' });
    return Readable.from([]);
  }

  private async page(prefix: string, from: { after?: string; ContinuationToken?: string } = {}) {
    try {
      return await this.client.send(
        new ListObjectsV2Command({
          Bucket: this.bucket,
          Prefix: this.prefix + prefix || undefined,
          StartAfter: from.after === undefined ? undefined : this.prefix + from.after,
          ContinuationToken: from.ContinuationToken,
          MaxKeys: this.options.pageSize ?? MOST_DELETED,
        }),
      );
    } catch (error) {
      throw s3Fault(error, JSON.stringify(prefix));
    }
  }

  /** The uploader passes no signal on. What it does to clean up must be done all the same. */
  private clientUntil(signal: AbortSignal | undefined): S3Client {
    if (signal === undefined) return this.client;
    const client = this.client;
    const send = (command: Parameters<S3Client['send']>[0]) =>
      client.send(command, command instanceof AbortMultipartUploadCommand ? {} : { abortSignal: signal });
    return Object.create(client, { send: { value: send } }) as S3Client;
  }
}

function unquoted(etag: string | undefined): string | undefined {
  return etag?.replace(/^W\//, '').replaceAll('"', '');
}

/** `Content-Disposition` with a name of any characters (RFC 6266, RFC 8187). */
function attachment(fileName: string): string {
  const encoded = encodeURIComponent(fileName.toWellFormed()).replace(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename*=UTF-8''${encoded}`;
}
