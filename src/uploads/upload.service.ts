import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Injectable } from '@nestjs/common';
import { validate as isUuid } from 'uuid';
import { Settings } from '../config/settings.js';
import { isMediaType } from '../ogc/media-type.js';
import { DomainError } from '../ogc/problems/domain-error.js';
import { bounded } from '../outgoing/bounded-content.js';
import { OutgoingError } from '../outgoing/outgoing-error.js';
import { formatLocation, parseLocation } from '../storage/file-location.js';
import { isFileGone } from '../storage/storage-unavailable.js';
import { Storages } from '../storage/storages.js';
import { type NewUpload, type UploadRow, Uploads } from './store/uploads.js';
import { uploadKey } from './upload-key.js';
import { UploadPlaces } from './upload-places.js';

/** An upload and how much of it has arrived. */
export interface UploadState extends UploadRow {
  /** bytes */
  readonly received: number;
}

/** Bytes of an upload, to be used as an input. */
export interface UploadContent {
  readonly body: Readable;
  /** as the client said it */
  readonly mediaType?: string;
  readonly name?: string;
}

/**
 * Takes bytes that clients send in advance. They are gathered on the disk of this node, and move to the storage of the
 * service once all of them are there.
 */
@Injectable()
export class UploadService {
  private readonly completing = new Map<string, Promise<UploadState>>();

  constructor(
    private readonly uploads: Uploads,
    private readonly places: UploadPlaces,
    private readonly storages: Storages,
    private readonly settings: Settings,
  ) {}

  /** @throws DomainError `too-many-uploads` */
  async begin(upload: NewUpload): Promise<UploadRow> {
    const row = await this.uploads.add(upload);
    if (row !== undefined) return row;
    const { MAX_UPLOADS, UPLOADS_SPACE } = this.settings;
    throw new DomainError(
      'too-many-uploads',
      `There may be ${MAX_UPLOADS} uploads with ${UPLOADS_SPACE} bytes together. Remove what has been used, or wait until it expires.`,
    );
  }

  /**
   * Takes the whole of an upload in one go. What has arrived of one that breaks off is forgotten. The content is not
   * destroyed when it is too large, so that its sender can still be answered.
   * @param length bytes, as far as the sender has said how many there are
   * @throws DomainError `body-too-large`, `too-many-uploads`; StorageError; the error of the content
   */
  async receive(
    content: Readable,
    metadata: Readonly<Record<string, string>>,
    length: number | undefined,
  ): Promise<UploadState> {
    const most = this.settings.MAX_UPLOAD;
    if (length !== undefined && length > most) throw tooLarge(most);
    const { id } = await this.begin({ id: randomUUID(), size: length, metadata });
    try {
      await this.places.make();
      const chunks = content.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
      await pipeline(bounded(chunks, most), createWriteStream(this.places.path(id)));
      return await this.complete(id);
    } catch (error) {
      await this.remove(id).catch(() => undefined);
      if (content.errored) throw new DomainError('bad-request', 'The client closed the connection.', { cause: error });
      if (error instanceof OutgoingError) throw tooLarge(most);
      throw error;
    }
  }

  /** @throws DomainError `no-such-upload` */
  async get(id: string): Promise<UploadState> {
    const row = await this.find(id);
    if (row.location !== null) return { ...row, received: Number(row.size) };
    const received = await this.places.received(id);
    // A storage that was away when the last byte came gets its second chance here. Bytes that are not here may have been
    // moved since the row was read.
    if (received === undefined || received === Number(row.size ?? -1)) {
      return await this.complete(id).catch((error: unknown) => {
        if (received === undefined && isFileGone(error)) return { ...row, received: 0 };
        throw error;
      });
    }
    return { ...row, received };
  }

  /**
   * Moves an upload of which all bytes have arrived to the storage.
   * @throws DomainError `no-such-upload`; StorageError
   */
  complete(id: string): Promise<UploadState> {
    const known = this.completing.get(id);
    if (known !== undefined) return known;
    const move = this.move(id).finally(() => this.completing.delete(id));
    this.completing.set(id, move);
    return move;
  }

  /** @throws DomainError `no-such-upload`, `upload-incomplete`; StorageError */
  async open(id: string, signal: AbortSignal): Promise<UploadContent> {
    const { location, metadata } = await this.get(id);
    if (location === null) throw new DomainError('upload-incomplete', 'Some bytes of the upload have not arrived yet.');
    const { storage = this.storages.defaultRef, key } = parseLocation(location);
    const body = await (await this.storages.open(storage)).get(key, { signal });
    return { body, ...(mediaTypeOf(metadata) && { mediaType: mediaTypeOf(metadata) }), name: nameOf(metadata) };
  }

  /** Bytes first, so that an upload whose storage is away is not forgotten. @throws DomainError `no-such-upload`; StorageError */
  async remove(id: string): Promise<void> {
    await this.discard(await this.find(id));
  }

  /** Removes an upload, whatever its time. @throws StorageError */
  async discard({ id, location }: UploadRow): Promise<void> {
    await this.completing.get(id)?.catch(() => undefined);
    await this.places.remove(id);
    // What was moved may not be on record yet; to remove what is not there does no harm.
    const { storage = this.storages.defaultRef, key } = parseLocation(location ?? uploadKey(id));
    await (await this.storages.open(storage)).delete(key);
    await this.uploads.remove(id);
  }

  private async move(id: string): Promise<UploadState> {
    const before = await this.find(id);
    if (before.location !== null) return { ...before, received: Number(before.size) };
    const ref = this.storages.defaultRef;
    const key = uploadKey(id);
    const storage = await this.storages.open(ref);
    if ((await this.places.received(id)) !== undefined) {
      await storage.adopt(key, this.places.path(id)).catch((error: unknown) => {
        // Another node with the same DATA_DIR has moved it.
        if (!isFileGone(error)) throw error;
      });
    }
    // Also what an earlier attempt moved, which died before it could say so.
    const { size } = await storage.stat(key);
    const row = await this.uploads.complete(id, size, formatLocation({ storage: ref, key }));
    if (row !== undefined) return { ...row, received: size };
    await storage.delete(key);
    throw noSuchUpload(id);
  }

  private async find(id: string): Promise<UploadRow> {
    const row = isUuid(id) ? await this.uploads.find(id) : undefined;
    if (row === undefined) throw noSuchUpload(id);
    return row;
  }
}

/** The media type that a client gave, by the names that clients of tus use. */
export function mediaTypeOf(metadata: UploadRow['metadata']): string | undefined {
  const given = metadata?.filetype ?? metadata?.mediaType;
  return isMediaType(given) ? given : undefined;
}

/** The name of the file that a client gave. */
export function nameOf(metadata: UploadRow['metadata']): string | undefined {
  return metadata?.filename ?? metadata?.name ?? undefined;
}

/** Said of an upload that is larger than MAX_UPLOAD. */
function tooLarge(most: number): DomainError {
  return new DomainError('body-too-large', `An upload has at most ${most} bytes.`);
}

function noSuchUpload(id: string): DomainError {
  return new DomainError('no-such-upload', `There is no upload "${id.slice(0, 100)}", or it has expired.`);
}
