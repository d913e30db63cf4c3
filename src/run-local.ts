import 'reflect-metadata';
import type { LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { loadSettings } from './config/load-settings.js';
import { LocalExecution, type LocalEnd, type LocalPlace } from './local/local-execution.js';
import { LocalModule } from './local/local.module.js';
import type { ProcessDescription } from './processes/process-description.js';
import { loadProcessModules } from './processes/process-module.loader.js';
import { ProcessRegistry } from './processes/process-registry.js';
import { startFailure } from './start-failure.js';

export type { LocalEnd, LocalPlace } from './local/local-execution.js';
export type { LocalObserver, LocalQuestion } from './local/local-observer.js';

/** Executors on demand: every level of processes that call each other may hold some. */
const EXECUTORS = 64;
const A_DAY = 86_400_000;

/** The processes of this machine, to be run without a server. */
export interface LocalProcesses {
  readonly descriptions: readonly ProcessDescription[];
  /** Carries out an execute request. @throws the reason of the signal; what a question was rejected with */
  execute(processId: string, body: unknown, place: LocalPlace): Promise<LocalEnd>;
  close(): Promise<void>;
}

/** The processes cannot be loaded; the message says why, and what to do about it. */
export class LocalStartError extends Error {}

/**
 * Loads the built-in processes and those of PROCESS_MODULES; opens no database, queue or socket.
 * @param modules further files, as PROCESS_MODULES names them
 * @param warn hears what the service would log as a warning or worse
 * @throws LocalStartError
 */
export async function openLocalProcesses(
  modules: readonly string[],
  warn: (message: string) => void,
): Promise<LocalProcesses> {
  // Idle executors do not keep a program alive, also not while it waits for their end.
  const alive = setInterval(() => undefined, A_DAY);
  try {
    const base = loadSettings();
    const files = [...base.PROCESS_MODULES, ...modules];
    const settings = loadSettings({
      PROCESS_MODULES: files,
      ROLE: 'all',
      EXECUTOR_WARM: 0,
      WORKER_CONCURRENCY: EXECUTORS,
    });
    const module = LocalModule.of(settings, await loadProcessModules(files));
    const app = await NestFactory.createApplicationContext(module, { logger: warnings(warn), abortOnError: false });
    const execution = app.get(LocalExecution);
    return {
      descriptions: app
        .get(ProcessRegistry)
        .list()
        .map(({ description }) => description),
      execute: (processId, body, place) => execution.execute(processId, body, place),
      close: () => app.close().finally(() => clearInterval(alive)),
    };
  } catch (error) {
    clearInterval(alive);
    throw new LocalStartError(startFailure(error), { cause: error });
  }
}

/** Standard output belongs to the results. */
function warnings(warn: (message: string) => void): LoggerService {
  const say = (message: unknown) => warn(message instanceof Error ? message.message : String(message));
  const nothing = () => undefined;
  return { log: nothing, debug: nothing, verbose: nothing, warn: say, error: say, fatal: say };
}
