import { type DynamicModule, Module } from '@nestjs/common';
import { loadSettings, type SettingOverrides } from './config/load-settings.js';
import { Settings } from './config/settings.js';

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
 * Whoever imports the package for its decorators imports this file as well. What the service is made of, with its
 * database, queue and HTTP server, is loaded when somebody asks for it: an executor never does, and starts in half the time.
 * A worker has no HTTP server.
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
    const { apiModules } = await import('./api-modules.js');
    return { module: SluiceModule, imports: await apiModules(settingsOf(options)) };
  }

  /** A worker without an API. @throws InvalidSettingsError */
  static async forWorker(options: SluiceOptions = {}): Promise<DynamicModule> {
    const { workerModules } = await import('./worker-modules.js');
    return { module: SluiceModule, imports: await workerModules(settingsOf(options)) };
  }
}

function settingsOf({ settings, processModules = [], catalog }: SluiceOptions): Settings {
  const base = settings instanceof Settings ? settings : loadSettings(settings);
  const files = [...base.PROCESS_MODULES, ...processModules.map(String)];
  return new Settings({ ...base, PROCESS_MODULES: files, CATALOG: catalog ?? base.CATALOG });
}
