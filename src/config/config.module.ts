import { type DynamicModule, Module } from '@nestjs/common';
import { loadSettings, type SettingOverrides } from './load-settings.js';
import { Settings } from './settings.js';

/** Provides {@link Settings} everywhere; read once, when the application is created. */
@Module({})
export class ConfigModule {
  /** @param given settings that win over the environment, or complete settings that replace it */
  static forRoot(given: SettingOverrides | Settings = {}): DynamicModule {
    return {
      module: ConfigModule,
      global: true,
      providers: [{ provide: Settings, useFactory: () => (given instanceof Settings ? given : loadSettings(given)) }],
      exports: [Settings],
    };
  }
}
