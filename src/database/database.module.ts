import { type DynamicModule, Global, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { createDataSource, type DataSourceContents } from './data-source.js';
import { DatabaseErrorTranslator } from './database-error.translator.js';
import { DatabaseServer } from './database-server.js';
import { DatabaseHealth } from './database.health.js';
import { Database } from './database.js';
import { migrate } from './migrate.js';
import { Notifications } from './notifications.js';

/**
 * Closes the database after everything that uses it. Nest calls the shutdown hooks of imported modules last, and
 * every room imports this one.
 */
@Injectable()
class DatabaseShutdown implements OnApplicationShutdown {
  constructor(
    private readonly server: DatabaseServer,
    private readonly database: Database,
    private readonly notifications: Notifications,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    await this.notifications.close();
    await this.database.dataSource.destroy();
    await this.server.close();
  }
}

/** Opens the database before any other room starts: server, migrations, pool, wake-up notifications. */
@Global()
@Module({})
export class DatabaseModule {
  /** @param contents the entities and migrations of the rooms above; the composition root names them */
  static register(contents: DataSourceContents): DynamicModule {
    return {
      module: DatabaseModule,
      providers: [
        {
          provide: DatabaseServer,
          inject: [Settings],
          useFactory: (settings: Settings) => DatabaseServer.open(settings),
        },
        {
          provide: Database,
          inject: [DatabaseServer, Settings],
          useFactory: async (server: DatabaseServer, settings: Settings) => {
            const dataSource = createDataSource(server.connection, contents, settings.DATABASE_POOL);
            try {
              await migrate(server.connection, dataSource);
            } catch (error) {
              await server.close();
              throw error;
            }
            return new Database(dataSource);
          },
        },
        Notifications,
        DatabaseHealth,
        DatabaseErrorTranslator,
        DatabaseShutdown,
      ],
      exports: [DatabaseServer, Database, Notifications],
    };
  }
}
