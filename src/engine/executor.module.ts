import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { ConfigModule } from '../config/config.module.js';
import { Settings } from '../config/settings.js';
import { CatalogModule } from '../processes/catalog/catalog.module.js';
import { ProcessesModule } from '../processes/processes.module.js';
import type { ExecutorStart } from './executor-messages.js';

/**
 * What an executor is made of: the processes and what they inject, without HTTP, database or queue. `Settings` hold
 * the defaults and what the service passed on; the environment of an executor has no settings.
 */
@Module({})
export class ExecutorModule {
  static of({ processModules, catalog, inlineOutput }: ExecutorStart, modules: readonly Type[]): DynamicModule {
    const settings = Settings.parse({ PROCESS_MODULES: processModules.join(','), INLINE_OUTPUT: `${inlineOutput}B` });
    return {
      module: ExecutorModule,
      imports: [ConfigModule.forRoot(settings), ProcessesModule, ...(catalog ? [CatalogModule] : []), ...modules],
    };
  }
}
