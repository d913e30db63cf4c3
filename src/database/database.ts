import type { Pool } from 'pg';
import type { DataSource } from 'typeorm';
import type { Statement } from './statement.js';

/**
 * The database of the service. Entities, migrations and ordinary reads go through TypeORM's data source; state changes
 * of the hot path go through {@link execute}, on the same pool of connections.
 */
export class Database {
  constructor(readonly dataSource: DataSource) {}

  /** Runs a prepared statement and returns its rows. Rejects with the driver's error. */
  async execute<Row>(statement: Statement<Row>, values: readonly unknown[]): Promise<Row[]> {
    const { rows } = await this.pool.query({ name: statement.name, text: statement.text, values: values as unknown[] });
    return rows as Row[];
  }

  /** Answers when the database does. Rejects when it is not reachable. */
  async ping(): Promise<void> {
    await this.pool.query('SELECT 1');
  }

  private get pool(): Pool {
    return (this.dataSource.driver as unknown as { master: Pool }).master;
  }
}
