import { Injectable } from '@nestjs/common';
import { BlockUsage } from '../blocks/block-usage.js';
import { Database } from '../database/database.js';
import { Statement } from '../database/statement.js';
import { UNFINISHED } from './store/conditions.js';

/** What needs the storage `$1`: jobs that have not ended, and files that are still to be removed. */
const USES = new Statement<{ readonly jobs: number; readonly removals: number }>(
  'storage_uses',
  `SELECT (SELECT count(*)::int FROM job WHERE storage = $1 AND ${UNFINISHED}) AS jobs,
     (SELECT count(*)::int FROM storage_removal WHERE storage = $1) AS removals`,
);

/** Keeps the storages of jobs from being removed under them. */
@Injectable()
export class JobBlockUsage extends BlockUsage {
  constructor(private readonly database: Database) {
    super();
  }

  async useOf(ref: string): Promise<string | undefined> {
    const [{ jobs, removals }] = await this.database.execute(USES, [ref]);
    if (jobs > 0) return `${jobs} job(s) that have not ended`;
    return removals > 0 ? `files that are still to be removed from it` : undefined;
  }
}
