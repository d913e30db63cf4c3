import type { ClientBase, QueryConfig } from 'pg';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import type { Statement } from './statement.js';

/** Milliseconds; as for statements outside of transactions. */
const QUERY_TIMEOUT = 15_000;

/**
 * A transaction on a connection of the pool, also for code that is not the service's own: that works with
 * {@link manager}, whose own transactions become savepoints. End it in any case.
 */
export class Transaction {
  private isOver = false;

  private constructor(
    private readonly runner: QueryRunner,
    private readonly client: ClientBase,
  ) {}

  /** Rejects with the driver's error when there is no connection. */
  static async begin(dataSource: DataSource): Promise<Transaction> {
    const runner = dataSource.createQueryRunner();
    try {
      const client = (await runner.connect()) as ClientBase;
      await runner.startTransaction();
      return new Transaction(runner, client);
    } catch (error) {
      await runner.release();
      throw error;
    }
  }

  get manager(): EntityManager {
    return this.runner.manager;
  }

  /** @throws Error when its own code has ended the transaction, or has passed over a statement that failed */
  assertOpen(): void {
    const status = this.client.getTransactionStatus();
    if (status === 'T') return;
    throw new Error(
      status === 'E'
        ? 'A statement of the transaction failed, which has undone the others; use a savepoint (manager.transaction) for what may fail'
        : 'The transaction was ended by code that only borrowed it',
    );
  }

  /** Runs a prepared statement within the transaction. Rejects with the driver's error. */
  async execute<Row>({ name, text }: Statement<Row>, values: readonly unknown[]): Promise<Row[]> {
    const query = { name, text, values: values as unknown[], query_timeout: QUERY_TIMEOUT };
    return (await this.client.query(query)).rows as Row[];
  }

  /** Makes what was written last. Rejects with the driver's error; whether it lasts is unknown then. */
  async commit(): Promise<void> {
    await this.conclude('COMMIT');
  }

  /** Undoes what was written. @returns false when the connection had been lost, which undoes it as well */
  async rollback(): Promise<boolean> {
    return await this.conclude('ROLLBACK').then(
      () => true,
      () => false,
    );
  }

  /** Gives the connection back; undoes what was not committed. */
  async end(): Promise<void> {
    if (!this.isOver) await this.rollback();
    await this.runner.release();
  }

  private async conclude(text: 'COMMIT' | 'ROLLBACK'): Promise<void> {
    if (this.isOver) return;
    this.isOver = true;
    try {
      await this.client.query({ text, query_timeout: QUERY_TIMEOUT } as QueryConfig);
    } catch (error) {
      // In which state the connection is, nobody knows: it must not go back to the pool.
      const { runner } = this as unknown as { runner: { releasePostgresConnection(error: unknown): Promise<void> } };
      await runner.releasePostgresConnection(error);
      throw error;
    }
  }
}
