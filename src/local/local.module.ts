import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { ConfigModule } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { EngineModule } from '../engine/engine.module.js';
import { InputResolver } from '../execution/inputs/input-resolver.js';
import { ReferenceReader } from '../execution/inputs/reference.reader.js';
import { OutgoingModule } from '../outgoing/outgoing.module.js';
import { CatalogModule } from '../processes/catalog/catalog.module.js';
import { ProcessesModule } from '../processes/processes.module.js';
import { LocalExecution } from './local-execution.js';
import { LocalReferences } from './local-references.js';
import { LocalStorageModule } from './local-storages.js';
import { LocalRunner } from './local-runner.js';

/** The processes and what runs them, without HTTP, database and queue. */
@Module({})
export class LocalModule {
  /** @param modules with the processes of PROCESS_MODULES */
  static of(settings: Settings, modules: readonly Type[]): DynamicModule {
    return {
      module: LocalModule,
      imports: [
        ConfigModule.forRoot(settings),
        LocalStorageModule,
        ProcessesModule,
        EngineModule,
        OutgoingModule,
        ...(settings.CATALOG ? [CatalogModule] : []),
        ...modules,
      ],
      providers: [LocalRunner, LocalExecution, InputResolver, { provide: ReferenceReader, useClass: LocalReferences }],
    };
  }
}
