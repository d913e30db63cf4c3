import { BlocksApiModule } from './blocks/http/blocks-api.module.js';
import { CallbacksModule } from './callbacks/callbacks.module.js';
import type { Settings } from './config/settings.js';
import { ExecutionModule } from './execution/execution.module.js';
import { foundationModules, type Modules } from './foundation-modules.js';
import { GraphsModule } from './graphs/graphs.module.js';
import { JobsApiModule } from './jobs/http/jobs-api.module.js';
import { HealthModule } from './observability/health/health.module.js';
import { OgcModule } from './ogc/ogc.module.js';
import { OpenApiModule } from './openapi/openapi.module.js';
import { ProcessesApiModule } from './processes/http/processes-api.module.js';
import { ConsumerModule } from './queues/queues.module.js';
import { SubscriptionsModule } from './subscriptions/subscriptions.module.js';
import { TasksApiModule } from './tasks/http/tasks-api.module.js';
import { UploadsApiModule } from './uploads/http/uploads-api.module.js';

/** What the API is made of; unless ROLE is `api`, with a worker in the same process. */
export async function apiModules(settings: Settings): Promise<Modules> {
  return [
    ...(await foundationModules(settings)),
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
