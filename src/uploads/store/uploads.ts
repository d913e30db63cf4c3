import { Injectable } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import { Database } from '../../database/database.js';
import { Statement } from '../../database/statement.js';

/** An upload as its row tells it. */
export interface UploadRow {
  readonly id: string;
  /** bytes; null while unknown */
  readonly size: string | null;
  readonly metadata: Readonly<Record<string, string | null>> | null;
  /** Where the bytes are; null while some are missing. */
  readonly location: string | null;
  readonly created_at: Date;
  readonly expires_at: Date;
}

/** What a client says before the bytes come. */
export interface NewUpload {
  readonly id: string;
  /** bytes; absent while unknown */
  readonly size?: number;
  readonly metadata?: Readonly<Record<string, string | null>>;
}

const COLUMNS = 'id, size, metadata, location, created_at, expires_at';

const ADD = new Statement<UploadRow>(
  'upload_add',
  `INSERT INTO upload (id, size, metadata, expires_at)
   SELECT $1, $2::bigint, $3, now() + $4 * interval '1 ms'
   FROM (SELECT count(*) AS count, coalesce(sum(coalesce(size, $7::bigint)), 0) AS bytes FROM upload) taken
   WHERE taken.count < $5 AND taken.bytes + coalesce($2::bigint, $7) <= $6
   RETURNING ${COLUMNS}`,
);

const RESIZE = new Statement('upload_resize', 'UPDATE upload SET size = $2 WHERE id = $1 AND location IS NULL');

const COMPLETE = new Statement<UploadRow>(
  'upload_complete',
  `UPDATE upload SET size = $2, location = $3 WHERE id = $1 RETURNING ${COLUMNS}`,
);

const FIND = new Statement<UploadRow>(
  'upload_find',
  `SELECT ${COLUMNS} FROM upload WHERE id = $1 AND expires_at > now()`,
);

const EXPIRED = new Statement<UploadRow>(
  'upload_expired',
  `SELECT ${COLUMNS} FROM upload WHERE expires_at <= now() AND ($2::uuid IS NULL OR (expires_at, id) > ($3, $2))
   ORDER BY expires_at, id LIMIT $1`,
);

const REMOVE = new Statement<{ id: string }>('upload_remove', 'DELETE FROM upload WHERE id = $1 RETURNING id');

const KNOWN = new Statement<{ id: string }>('upload_known', 'SELECT id FROM upload WHERE id = ANY ($1::uuid[])');

/** The rows of uploads. */
@Injectable()
export class Uploads {
  constructor(
    private readonly database: Database,
    private readonly settings: Settings,
  ) {}

  /**
   * Two at the same moment do not see each other, so the last of them may go a little beyond the limits.
   * @returns nothing when there are MAX_UPLOADS already, or when they would take more than UPLOADS_SPACE
   */
  async add({ id, size, metadata }: NewUpload): Promise<UploadRow | undefined> {
    const { UPLOAD_TTL, MAX_UPLOADS, UPLOADS_SPACE, MAX_UPLOAD } = this.settings;
    const said = metadata === undefined ? null : JSON.stringify(metadata);
    const limits = [UPLOAD_TTL, MAX_UPLOADS, UPLOADS_SPACE, MAX_UPLOAD];
    return (await this.database.execute(ADD, [id, size ?? null, said, ...limits]))[0];
  }

  /** Writes down how many bytes an upload will have. */
  async resize(id: string, size: number): Promise<void> {
    await this.database.execute(RESIZE, [id, size]);
  }

  /** Every byte is at its place. @returns nothing when the upload was removed meanwhile */
  async complete(id: string, size: number, location: string): Promise<UploadRow | undefined> {
    return (await this.database.execute(COMPLETE, [id, size, location]))[0];
  }

  /** @returns nothing when there is no such upload, or its time has passed */
  async find(id: string): Promise<UploadRow | undefined> {
    return (await this.database.execute(FIND, [id]))[0];
  }

  /** Those whose time has passed, the longest first. @param after the last one of the page before */
  expired(limit: number, after?: UploadRow): Promise<UploadRow[]> {
    return this.database.execute(EXPIRED, [limit, after?.id ?? null, after?.expires_at ?? null]);
  }

  /** @returns whether it was there */
  async remove(id: string): Promise<boolean> {
    return (await this.database.execute(REMOVE, [id])).length > 0;
  }

  /** Which of these have a row. */
  async known(ids: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set((await this.database.execute(KNOWN, [ids])).map(({ id }) => id));
  }
}
