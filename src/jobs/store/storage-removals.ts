import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { Statement } from '../../database/statement.js';

/** Files that are to be removed from a storage. */
export interface StorageRemovalRow {
  /** the driver delivers `bigint` as text */
  readonly id: string;
  readonly storage: string;
  readonly prefix: string;
  readonly keeping: string | null;
  /** How often it was tried in vain. */
  readonly attempts: number;
}

const DUE = new Statement<StorageRemovalRow>(
  'storage_removal_due',
  `SELECT id, storage, prefix, keeping, attempts FROM storage_removal WHERE due_at <= now() ORDER BY due_at, id LIMIT $1`,
);

const DONE = new Statement('storage_removal_done', 'DELETE FROM storage_removal WHERE id = ANY($1::bigint[])');

const POSTPONE = new Statement(
  'storage_removal_postpone',
  `UPDATE storage_removal r SET attempts = attempts + 1, due_at = now() + x.delay * interval '1 ms'
   FROM unnest($1::bigint[], $2::float8[]) AS x (id, delay) WHERE r.id = x.id`,
);

const STORAGES = new Statement<{ readonly storage: string }>(
  'storages_in_use',
  `SELECT storage FROM job WHERE storage IS NOT NULL
   UNION SELECT storage FROM storage_removal
   UNION SELECT split_part(location, ':', 1) FROM upload WHERE location LIKE '%/%:%'`,
);

/** Which database this is, also where another one has the same name. */
const IDENTITY = new Statement<{ readonly identity: string }>(
  'database_identity',
  `SELECT system_identifier || '/' || d.oid AS identity
   FROM pg_control_system(), pg_database d WHERE d.datname = current_database()`,
);

/** What is owed to storages: removals that the statements have written which deleted jobs or results. */
@Injectable()
export class StorageRemovals {
  constructor(private readonly database: Database) {}

  /** Those whose time has come, the most overdue first. */
  due(limit: number): Promise<StorageRemovalRow[]> {
    return this.database.execute(DUE, [limit]);
  }

  async done(ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.database.execute(DONE, [ids]);
  }

  /** Notes a try in vain. @param delay milliseconds until the next one */
  async postpone(removals: readonly { readonly id: string; readonly delay: number }[]): Promise<void> {
    if (removals.length === 0) return;
    await this.database.execute(POSTPONE, [removals.map(({ id }) => id), removals.map(({ delay }) => delay)]);
  }

  /** The names of all storages that rows of jobs, removals and uploads name, whether there are such blocks or not. */
  async storagesInUse(): Promise<string[]> {
    return (await this.database.execute(STORAGES, [])).map(({ storage }) => storage);
  }

  /** A name of the database that no other one has: who finds another name in a storage has no business there. */
  async databaseIdentity(): Promise<string> {
    return (await this.database.execute(IDENTITY, []))[0].identity;
  }
}
