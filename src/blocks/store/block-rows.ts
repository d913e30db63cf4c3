import { Injectable } from '@nestjs/common';
import { Database, type StatementRunner } from '../../database/database.js';
import { Statement } from '../../database/statement.js';
import type { JsonObject } from '../../ogc/json-object.js';
import { type BlockRef, blockRefText } from '../block-ref.js';
import type { SealedSecret } from '../secrets/sealed-secret.js';

/** Nodes hear here that a block was changed; the payload is its name. */
export const BLOCK_CHANNEL = 'sluice_block';

/** One lock for all changes of blocks: `BLKS` in ASCII. They are rare, and each has to see the others. */
const BLOCKS_LOCK = 0x424c4b53;

/** A stored block as its row holds it. */
export interface BlockRow {
  readonly type: string;
  readonly name: string;
  readonly values: JsonObject;
  readonly secrets: Readonly<Record<string, SealedSecret>>;
  readonly refs: readonly string[];
  readonly version: number;
  readonly origin: 'api' | 'file';
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** What a block is replaced with. */
export type BlockContent = Pick<BlockRow, 'values' | 'secrets' | 'refs' | 'origin'>;

const COLUMNS = 'type, name, values, secrets, refs, version, origin, created_at, updated_at';

const FIND = new Statement<BlockRow>('block_find', `SELECT ${COLUMNS} FROM block WHERE type = $1 AND name = $2`);

const PAGE = new Statement<BlockRow>(
  'block_page',
  `SELECT ${COLUMNS} FROM block
   WHERE ($1::text IS NULL OR type = $1) AND ($2::text IS NULL OR (type, name) > ($2, $3))
   ORDER BY type, name LIMIT $4`,
);

const OF_TYPES = new Statement<BlockRow>(
  'block_of_types',
  `SELECT ${COLUMNS} FROM block WHERE type = ANY ($1::text[]) ORDER BY array_position($1::text[], type::text), name`,
);

/** A block and all that it refers to, directly and through others. */
const NEEDED = new Statement<BlockRow>(
  'block_needed',
  `WITH RECURSIVE needed (type, name) AS (
     SELECT $1::text COLLATE "C", $2::text COLLATE "C"
     UNION
     SELECT split_part(ref, '/', 1) COLLATE "C", split_part(ref, '/', 2) COLLATE "C"
     FROM needed JOIN block USING (type, name), unnest(refs) AS ref
   )
   SELECT ${COLUMNS} FROM block JOIN needed USING (type, name)`,
);

const ALL = new Statement<BlockRow>('block_all', `SELECT ${COLUMNS} FROM block ORDER BY type, name`);

const LOCK = new Statement('block_lock', 'SELECT pg_advisory_xact_lock($1)');

const PUT = new Statement<BlockRow>(
  'block_put',
  `WITH b AS (
     INSERT INTO block (type, name, values, secrets, refs, origin) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (type, name) DO UPDATE SET values = excluded.values, secrets = excluded.secrets, refs = excluded.refs,
       origin = excluded.origin, version = block.version + 1, updated_at = now()
     RETURNING *
   ), n AS (
     SELECT pg_notify('${BLOCK_CHANNEL}', $1 || '/' || $2)
   )
   SELECT b.* FROM b, n`,
);

const REMOVE = new Statement<{ type: string }>(
  'block_remove',
  `WITH b AS (
     DELETE FROM block WHERE type = $1 AND name = $2 RETURNING type
   )
   SELECT b.type, pg_notify('${BLOCK_CHANNEL}', $1 || '/' || $2) FROM b`,
);

/** The content stays the same, and so does the version. */
const REKEY = new Statement('block_rekey', 'UPDATE block SET secrets = $3 WHERE type = $1 AND name = $2');

/** The stored blocks. */
@Injectable()
export class BlockRows {
  constructor(private readonly database: Database) {}

  async find({ type, name }: BlockRef): Promise<BlockRow | undefined> {
    return (await this.database.execute(FIND, [type, name]))[0];
  }

  /** In the order of type and name. @param after the last one of the page before */
  page(limit: number, type?: string, after?: BlockRef): Promise<BlockRow[]> {
    return this.database.execute(PAGE, [type ?? null, after?.type ?? null, after?.name ?? null, limit]);
  }

  /** All of some types, in the order of the types and of their names. */
  ofTypes(types: readonly string[]): Promise<BlockRow[]> {
    return this.database.execute(OF_TYPES, [types]);
  }

  /** A block and all that it refers to, by name. Some may be missing. */
  async needed({ type, name }: BlockRef): Promise<Map<string, BlockRow>> {
    return byName(await this.database.execute(NEEDED, [type, name]));
  }

  /**
   * Changes blocks while nobody else does. Nothing is written when `work` rejects.
   * @param work gets all blocks by name
   */
  change<T>(work: (rows: ReadonlyMap<string, BlockRow>, changes: BlockRowChanges) => Promise<T>): Promise<T> {
    return this.database.transaction(async (transaction) => {
      await transaction.execute(LOCK, [BLOCKS_LOCK]);
      return work(byName(await transaction.execute(ALL, [])), new BlockRowChanges(transaction));
    });
  }
}

/** The statements of one change. */
export class BlockRowChanges {
  constructor(private readonly runner: StatementRunner) {}

  /** Creates or replaces a block. */
  async put({ type, name }: BlockRef, { values, secrets, refs, origin }: BlockContent): Promise<BlockRow> {
    const texts = [JSON.stringify(values), JSON.stringify(secrets)];
    return (await this.runner.execute(PUT, [type, name, ...texts, refs, origin]))[0];
  }

  /** Replaces secrets by the same ones, encrypted with another key. */
  async rekey({ type, name }: BlockRef, secrets: BlockRow['secrets']): Promise<void> {
    await this.runner.execute(REKEY, [type, name, JSON.stringify(secrets)]);
  }

  async remove({ type, name }: BlockRef): Promise<void> {
    await this.runner.execute(REMOVE, [type, name]);
  }
}

function byName(rows: readonly BlockRow[]): Map<string, BlockRow> {
  return new Map(rows.map((row) => [blockRefText(row), row]));
}
