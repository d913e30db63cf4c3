import type { Pool, QueryConfig } from 'pg';
import type { DataSource } from 'typeorm';
import type { Statement } from './statement.js';

/**
 * Milliseconds. A server that is frozen rather than gone gives no error, so a statement of the hot path without an
 * answer for this long counts as one.
 */
const QUERY_TIMEOUT = 15_000;

/**
 * The database of the service. Entities, migrations and ordinary reads go through TypeORM's data source; state changes
 * of the hot path go through {@link execute}, on the same pool of connections.
 */
export class Database {
  constructor(readonly dataSource: DataSource) {}

  /** Runs a prepared statement and returns its rows. Rejects with the driver's error. */
  async execute<Row>(statement: Statement<Row>, values: readonly unknown[]): Promise<Row[]> {
    const { name, text } = statement;
    const query = { name, text, values: values as unknown[], query_timeout: QUERY_TIMEOUT };
    return (await this.pool.query(query)).rows as Row[];
  }

  /** Answers when the database does. Rejects when it is not reachable. */
  async ping(): Promise<void> {
    await this.pool.query({ text: 'SELECT 1', query_timeout: QUERY_TIMEOUT } as QueryConfig);
  }

  private get pool(): Pool {
    return (this.dataSource.driver as unknown as { master: Pool }).master;
  }
}
