import { Logger } from '@nestjs/common';
import type { ClientConfig } from 'pg';
import { DataSource, type DataSourceOptions, type EntityTarget, type MigrationInterface } from 'typeorm';

/** Our tables live in a schema of their own, so the service can share a database with others. */
export const SCHEMA = 'sluice';

/** The tables and migrations of the rooms above the database. */
export interface DataSourceContents {
  readonly entities: readonly EntityTarget<object>[];
  readonly migrations: readonly (new () => MigrationInterface)[];
}

/**
 * Describes the connection for TypeORM. Statements are short, so compiling them never pays. Connections that cannot be
 * had within five seconds fail, so that a request during an outage gets its answer (503) instead of hanging.
 * @param connection where the server is, as the `pg` driver takes it
 * @param poolSize the most connections this data source opens
 */
export function createDataSource(connection: ClientConfig, contents: DataSourceContents, poolSize: number): DataSource {
  const logger = new Logger('Database');
  const options: DataSourceOptions = {
    type: 'postgres',
    entities: [...contents.entities] as DataSourceOptions['entities'],
    migrations: [...contents.migrations],
    migrationsTableName: 'migration',
    synchronize: false,
    installExtensions: false,
    poolSize,
    applicationName: 'sluice',
    connectTimeoutMS: 5_000,
    // The pool ends before its connections have; a server that stops meanwhile ends them its own way.
    poolErrorHandler: (error: Error) =>
      dataSource.isInitialized && logger.warn(`A database connection was lost: ${error.message}`),
    extra: { ...connection, options: `-c search_path=${SCHEMA} -c jit=off`, keepAlive: true },
  };
  const dataSource = new DataSource(options);
  return dataSource;
}
