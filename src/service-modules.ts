import type { DynamicModule, Type } from '@nestjs/common';
import { BlocksApiModule } from './blocks/blocks.module.js';
import { CallbacksModule } from './callbacks/callbacks.module.js';
import { ConfigModule } from './config/config.module.js';
import type { Settings } from './config/settings.js';
import { DATABASE_CONTENTS } from './database-contents.js';
import { DatabaseModule } from './database/database.module.js';
import { ExecutionModule } from './execution/execution.module.js';
import { GraphsModule } from './graphs/graphs.module.js';
import { JobsApiModule } from './jobs/jobs.module.js';
import { HealthModule, ProbesModule } from './observability/health/health.module.js';
import { OgcModule } from './ogc/ogc.module.js';
import { OpenApiModule } from './openapi/openapi.module.js';
import { CatalogModule } from './processes/catalog/catalog.module.js';
import { ProcessesApiModule } from './processes/http/processes-api.module.js';
import { loadProcessModules } from './processes/process-module.loader.js';
import { ConsumerModule } from './queues/queues.module.js';
import { StorageModule } from './storage/storage.module.js';
import { SubscriptionsModule } from './subscriptions/subscriptions.module.js';
import { TasksApiModule } from './tasks/tasks.module.js';
import { UploadsApiModule } from './uploads/uploads.module.js';

type Modules = (Type | DynamicModule | Promise<DynamicModule>)[];

/** What the API is made of; unless ROLE is `api`, with a worker in the same process. */
export async function apiModules(settings: Settings): Promise<Modules> {
  return [
    ...(await foundation(settings)),
    ...(settings.ROLE === 'api' ? [] : [ConsumerModule]),
    OgcModule,
    ProcessesApiModule,
    JobsApiModule,
    TasksApiModule,
    GraphsModule,
    ExecutionModule,
    CallbacksModule,
    SubscriptionsModule,
    BlocksApiModule,
    UploadsApiModule,
    OpenApiModule,
    HealthModule,
  ];
}

/** What a worker without an API is made of. */
export async function workerModules(settings: Settings): Promise<Modules> {
  return [...(await foundation(settings)), ConsumerModule, ProbesModule];
}

async function foundation(settings: Settings): Promise<Modules> {
  return [
    ConfigModule.forRoot(settings),
    DatabaseModule.register(DATABASE_CONTENTS),
    StorageModule,
    ...(settings.CATALOG ? [CatalogModule] : []),
    ...(await loadProcessModules(settings.PROCESS_MODULES)),
  ];
}
