import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { MODULE_METADATA } from '@nestjs/common/constants.js';
import type { Type } from '@nestjs/common';

/** A module of processes that cannot be loaded; the message names the file and the cure. */
export class ProcessModuleError extends Error {
  constructor(location: string, problem: string, options?: ErrorOptions) {
    super(`The process module ${location} ${problem}`, options);
    this.name = 'ProcessModuleError';
  }
}

/**
 * Imports the Nest modules that bring further processes (PROCESS_MODULES). The API, the worker and the executor load
 * the same list, so that each of them knows the same processes.
 *
 * @param locations JavaScript files, relative to the working directory, or `file:` URLs
 * @returns of each file the class it exports as default, else the only one it exports with `@Module()`
 * @throws ProcessModuleError for a file that is missing, fails, or exports no module
 */
export async function loadProcessModules(locations: readonly (string | URL)[]): Promise<Type[]> {
  const modules: Type[] = [];
  // One after the other: a file may rely on side effects of the ones before it.
  for (const location of locations) modules.push(await load(location));
  return modules;
}

async function load(location: string | URL): Promise<Type> {
  const url = toUrl(location);
  const path = fileURLToPath(url);
  let exported: Record<string, unknown>;
  try {
    exported = (await import(url.href)) as Record<string, unknown>;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const cure = /\.[cm]?tsx?$/i.test(path) ? '; it is TypeScript: compile it to JavaScript, and name that file' : '';
    throw new ProcessModuleError(path, `cannot be imported: ${reason}${cure}`, { cause: error });
  }
  return moduleOf(exported, path);
}

function toUrl(location: string | URL): URL {
  if (typeof location !== 'string') return location;
  if (location.startsWith('file:')) return new URL(location);
  return pathToFileURL(isAbsolute(location) ? location : resolve(location));
}

function moduleOf(exported: Record<string, unknown>, path: string): Type {
  if (typeof exported.default === 'function') {
    if (isModule(exported.default)) return exported.default;
    throw new ProcessModuleError(
      path,
      `exports the class ${exported.default.name} as default, which has no @Module().`,
    );
  }
  const modules = Object.entries(exported).filter((entry): entry is [string, Type] => isModule(entry[1]));
  if (modules.length === 1) return modules[0][1];
  const names = modules.map(([name]) => name);
  throw new ProcessModuleError(
    path,
    modules.length === 0
      ? 'exports no class with @Module({ providers: [...] }); export one that lists the processes as providers.'
      : `exports several modules (${names.join(', ')}); export one of them as default.`,
  );
}

function isModule(value: unknown): value is Type {
  return typeof value === 'function' && Object.values(MODULE_METADATA).some((key) => Reflect.hasMetadata(key, value));
}
