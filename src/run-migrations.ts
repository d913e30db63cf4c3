import type { Settings } from './config/settings.js';
import { createDataSource } from './database/data-source.js';
import { DatabaseServer } from './database/database-server.js';
import { migrate } from './database/migrate.js';
import { DATABASE_CONTENTS } from './database-contents.js';

/** Brings the database up to date and ends. */
export async function runMigrations(settings: Settings): Promise<void> {
  const server = await DatabaseServer.open(settings);
  const dataSource = createDataSource(server.connection, DATABASE_CONTENTS, 2);
  try {
    await migrate(server.connection, dataSource);
  } finally {
    if (dataSource.isInitialized) await dataSource.destroy();
    await server.close();
  }
}
