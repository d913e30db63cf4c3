import type { Pool, QueryConfig } from 'pg';
import type { DataSource } from 'typeorm';
import type { Statement } from './statement.js';
import { Transaction } from './transaction.js';

/** Milliseconds. A server that is frozen rather than gone gives no error; no answer for this long counts as one. */
const QUERY_TIMEOUT = 15_000;

/** Where statements run: each by itself, or within one transaction. */
export interface StatementRunner {
  /** Runs a prepared statement and returns its rows. Rejects with the driver's error. */
  execute<Row>(statement: Statement<Row>, values: readonly unknown[]): Promise<Row[]>;
}

/**
 * The database of the service. Entities, migrations and the pool of connections are TypeORM's; statements go to the
 * pool directly, so that each of them has a time limit.
 */
export class Database implements StatementRunner {
  constructor(readonly dataSource: DataSource) {}

  /** Runs a prepared statement and returns its rows. Rejects with the driver's error. */
  async execute<Row>(statement: Statement<Row>, values: readonly unknown[]): Promise<Row[]> {
    const { name, text } = statement;
    const query = { name, text, values: values as unknown[], query_timeout: QUERY_TIMEOUT };
    return (await this.pool.query(query)).rows as Row[];
  }

  /**
   * Runs statements as one transaction. Each of them sees what was committed before it began, so that a lock which one
   * of them waits for makes the next ones see what its holder has done. Rejects with the error of `work` or of the
   * driver; nothing is written then.
   */
  async transaction<T>(work: (transaction: StatementRunner) => Promise<T>): Promise<T> {
    const transaction = await this.begin();
    try {
      const result = await work(transaction);
      await transaction.commit();
      return result;
    } finally {
      await transaction.end();
    }
  }

  /** Runs a statement that is planned with its values, every time anew. Rejects with the driver's error. */
  async query<Row>(text: string, values: readonly unknown[]): Promise<Row[]> {
    const query = { text, values: values as unknown[], query_timeout: QUERY_TIMEOUT };
    return (await this.pool.query(query)).rows as Row[];
  }

  /** Begins a transaction; whoever did so ends it. Rejects with the driver's error. */
  begin(): Promise<Transaction> {
    return Transaction.begin(this.dataSource);
  }

  /** Answers when the database does. Rejects when it is not reachable. */
  async ping(): Promise<void> {
    await this.pool.query({ text: 'SELECT 1', query_timeout: QUERY_TIMEOUT } as QueryConfig);
  }

  private get pool(): Pool {
    return (this.dataSource.driver as unknown as { master: Pool }).master;
  }
}
