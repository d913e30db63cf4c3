import type { DynamicModule, Type } from '@nestjs/common';
import { ConfigModule } from './config/config.module.js';
import type { Settings } from './config/settings.js';
import { DATABASE_CONTENTS } from './database-contents.js';
import { DatabaseModule } from './database/database.module.js';
import { CatalogModule } from './processes/catalog/catalog.module.js';
import { loadProcessModules } from './processes/process-module.loader.js';
import { StorageModule } from './storage/storage.module.js';

/** What a module imports. */
export type Modules = (Type | DynamicModule | Promise<DynamicModule>)[];

/** What every role is made of. */
export async function foundationModules(settings: Settings): Promise<Modules> {
  return [
    ConfigModule.forRoot(settings),
    DatabaseModule.register(DATABASE_CONTENTS),
    StorageModule,
    ...(settings.CATALOG ? [CatalogModule] : []),
    ...(await loadProcessModules(settings.PROCESS_MODULES)),
  ];
}
