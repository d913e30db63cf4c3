import { type DynamicModule, Module } from '@nestjs/common';
import { BlocksApiModule } from './blocks/blocks.module.js';
import { CallbacksModule } from './callbacks/callbacks.module.js';
import { ConfigModule } from './config/config.module.js';
import { loadSettings, type SettingOverrides } from './config/load-settings.js';
import { Settings } from './config/settings.js';
import { DATABASE_CONTENTS } from './database-contents.js';
import { DatabaseModule } from './database/database.module.js';
import { ExecutionModule } from './execution/execution.module.js';
import { GraphsModule } from './graphs/graphs.module.js';
import { JobsApiModule } from './jobs/jobs.module.js';
import { HealthModule } from './observability/health/health.module.js';
import { OgcModule } from './ogc/ogc.module.js';
import { OpenApiModule } from './openapi/openapi.module.js';
import { CatalogModule } from './processes/catalog/catalog.module.js';
import { ProcessesApiModule } from './processes/processes.module.js';
import { loadProcessModules } from './processes/process-module.loader.js';
import { ConsumerModule } from './queues/queues.module.js';
import { StorageModule } from './storage/storage.module.js';
import { SubscriptionsModule } from './subscriptions/subscriptions.module.js';
import { TasksApiModule } from './tasks/tasks.module.js';

/** How a Nest application embeds Sluice. */
export interface SluiceOptions {
  /** Settings by the names of their environment variables; they win over the environment. */
  readonly settings?: SettingOverrides | Settings;
  /**
   * Files that export a Nest module with processes, as `file:` URLs or paths. The executors load the same files, so a
   * process that does not run inline must be in one of them. They come on top of PROCESS_MODULES.
   */
  readonly processModules?: readonly (string | URL)[];
  /** Whether the built-in processes (hello-world, echo, buffer ...) are offered; default: the setting CATALOG, true. */
  readonly catalog?: boolean;
}

/**
 * The whole service as one Nest module: API, and with ROLE `all` the worker too.
 *
 * @example
 * ```ts
 * @Module({ imports: [SluiceModule.forRoot({ processModules: [new URL('./my.processes.js', import.meta.url)] })] })
 * export class AppModule {}
 * ```
 */
@Module({})
export class SluiceModule {
  /** The API, with a worker in the same process unless ROLE is `api`. @throws InvalidSettingsError */
  static async forRoot(options: SluiceOptions = {}): Promise<DynamicModule> {
    const { settings, foundation } = await SluiceModule.foundation(options);
    return {
      module: SluiceModule,
      imports: [
        ...foundation,
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
        OpenApiModule,
        HealthModule,
      ],
    };
  }

  /** A worker without an API. @throws InvalidSettingsError */
  static async forWorker(options: SluiceOptions = {}): Promise<DynamicModule> {
    const { foundation } = await SluiceModule.foundation(options);
    return { module: SluiceModule, imports: [...foundation, ConsumerModule] };
  }

  private static async foundation(options: SluiceOptions) {
    const base = options.settings instanceof Settings ? options.settings : loadSettings(options.settings);
    const files = [...base.PROCESS_MODULES, ...(options.processModules ?? []).map(String)];
    const settings = new Settings({ ...base, PROCESS_MODULES: files, CATALOG: options.catalog ?? base.CATALOG });
    const foundation = [
      ConfigModule.forRoot(settings),
      DatabaseModule.register(DATABASE_CONTENTS),
      StorageModule,
      ...(settings.CATALOG ? [CatalogModule] : []),
      ...(await loadProcessModules(files)),
    ];
    return { settings, foundation };
  }
}
