import { FileStore } from '@tus/file-store';
import { ERRORS, type KvStore, Upload } from '@tus/utils';
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
    places: UploadPlaces,
    lifetime: number,
  ) {
    super({
      directory: places.directory,
      configstore: new UploadRecords(service, uploads),
      expirationPeriodInMilliseconds: lifetime,
    });
  }

  override async getUpload(id: string): Promise<Upload> {
    const row = await this.uploads.find(id);
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- the way of the library
    if (row === undefined) throw ERRORS.FILE_NOT_FOUND;
    return row.location === null ? await super.getUpload(id) : toUpload(row, Number(row.size));
  }

  override async remove(id: string): Promise<void> {
    await this.service.remove(id);
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
