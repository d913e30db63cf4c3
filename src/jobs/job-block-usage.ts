import { Injectable } from '@nestjs/common';
import { BlockUsage } from '../blocks/block-usage.js';
import { Database } from '../database/database.js';
import { Statement } from '../database/statement.js';
import { UNFINISHED } from './store/conditions.js';

interface StorageUses {
  readonly running: number;
  readonly kept: number;
  readonly uploads: number;
  readonly removals: number;
}

/**
 * What needs the storage `$1`. A job that has ended does as long as it has a row: its results are read from there, and
 * the statement that removes it has its files removed.
 */
const USES = new Statement<StorageUses>(
  'storage_uses',
  `SELECT j.running, j.kept, (SELECT count(*)::int FROM upload WHERE starts_with(location, $1::text || ':')) AS uploads,
     (SELECT count(*)::int FROM storage_removal WHERE storage = $1::text) AS removals
   FROM (SELECT count(*) FILTER (WHERE ${UNFINISHED})::int AS running,
       count(*) FILTER (WHERE NOT ${UNFINISHED})::int AS kept FROM job WHERE storage = $1::text) j`,
);

/** Keeps the storages of jobs and uploads from being removed under them. */
@Injectable()
export class JobBlockUsage extends BlockUsage {
  constructor(private readonly database: Database) {
    super();
  }

  async useOf(ref: string): Promise<string | undefined> {
    const [{ running, kept, uploads, removals }] = await this.database.execute(USES, [ref]);
    const uses = [
      running > 0 && `${running} job(s) that have not ended`,
      kept > 0 && `${kept} ended job(s) whose storage it is until they are removed`,
      uploads > 0 && `${uploads} upload(s)`,
      removals > 0 && `${removals} removal(s) of files that are still owed`,
    ].filter((use) => use !== false);
    return uses.length > 0 ? uses.join(', ') : undefined;
  }
}
