import type { Readable } from 'node:stream';
import { FileStore } from '@tus/file-store';
import { ERRORS, type KvStore, Upload } from '@tus/utils';
import { DomainError } from '../../ogc/problems/domain-error.js';
import { isFileGone } from '../../storage/storage-unavailable.js';
import type { UploadPlaces } from '../upload-places.js';
import type { UploadService } from '../upload.service.js';
import { type UploadRow, Uploads } from '../store/uploads.js';

/** What the tus server keeps of its uploads, in the rows of the service instead of files beside the bytes. */
class UploadRecords implements KvStore<Upload> {
  constructor(
    private readonly service: UploadService,
    private readonly uploads: Uploads,
  ) {}

  async get(id: string): Promise<Upload | undefined> {
    const row = await this.uploads.find(id);
    return row && toUpload(row, 0);
  }

  async set(id: string, { size, metadata }: Upload): Promise<void> {
    if (await this.uploads.find(id)) await this.uploads.resize(id, size!);
    else await this.service.begin({ id, size, ...(metadata && { metadata }) });
  }

  async delete(id: string): Promise<void> {
    await this.uploads.remove(id);
  }
}

/**
 * The bytes of uploads by tus: files in DATA_DIR as long as some are missing. An upload that has arrived in full lies in
 * a storage, and can still be asked for and removed here.
 */
export class UploadStore extends FileStore {
  constructor(
    private readonly service: UploadService,
    private readonly uploads: Uploads,
    private readonly places: UploadPlaces,
    lifetime: number,
  ) {
    super({
      directory: places.directory,
      configstore: new UploadRecords(service, uploads),
      expirationPeriodInMilliseconds: lifetime,
    });
  }

  /** The row first: nobody may take a file for a leftover that has none. */
  override async create(file: Upload): Promise<Upload> {
    await this.configstore.set(file.id, file);
    try {
      return await super.create(file);
    } catch (error) {
      await this.remove(file.id);
      throw error;
    }
  }

  override async getUpload(id: string): Promise<Upload> {
    const row = await this.uploads.find(id);
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- the way of the library
    if (row === undefined) throw ERRORS.FILE_NOT_FOUND;
    if (row.location !== null) return toUpload(row, Number(row.size));
    return (await this.places.received(id)) === undefined ? await this.moved(id) : await super.getUpload(id);
  }

  /** A last part that comes again, because the answer to it was lost, has nothing to add. */
  override async write(readable: Readable, id: string, offset: number): Promise<number> {
    const row = await this.uploads.find(id);
    return row?.location == null ? await super.write(readable, id, offset) : offset;
  }

  override async remove(id: string): Promise<void> {
    await this.service.remove(id);
  }

  /** An upload without bytes here has been moved, by a service that ended before it could say so, or lies elsewhere. */
  private async moved(id: string): Promise<Upload> {
    const row = await this.service.complete(id).catch((error: unknown) => {
      if (!isFileGone(error)) throw error;
      throw new DomainError('upload-conflict', 'The parts of this upload are gathered by another node.');
    });
    return toUpload(row, row.received);
  }
}

function toUpload(row: UploadRow, offset: number): Upload {
  return new Upload({
    id: row.id,
    ...(row.size !== null && { size: Number(row.size) }),
    ...(row.metadata !== null && { metadata: { ...row.metadata } }),
    offset,
    creation_date: row.created_at.toISOString(),
  });
}
