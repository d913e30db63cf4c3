import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import { ApplicationConfig, DiscoveryService, HttpAdapterHost, ModulesContainer, NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { loadSettings } from './config/load-settings.js';
import { Settings } from './config/settings.js';
import { createHttpAdapter } from './ogc/http/http-adapter.js';
import { OpenApiDocument, type OpenApiVersion } from './openapi/openapi-document.js';
import { ProcessExplorer } from './processes/process-explorer.js';
import { SluiceModule } from './sluice.module.js';

/**
 * The OpenAPI document of the API as configured, from an application in preview mode: Nest reads the modules, but
 * creates no provider, so that no database, queue or socket is opened.
 *
 * @param serverUrl absolute URL of the landing page; else PUBLIC_URL, else host and port of the settings
 * @param version of OpenAPI
 * @throws InvalidSettingsError, ProcessModuleError, InvalidProcessError as a start would
 */
export async function describeApi(serverUrl?: string, version?: OpenApiVersion): Promise<unknown> {
  const settings = loadSettings();
  const app = await NestFactory.create<NestFastifyApplication>(
    await SluiceModule.forRoot({ settings }),
    createHttpAdapter(settings),
    { logger: false, preview: true, abortOnError: false },
  );
  const made = new Map<Type, unknown>([[Settings, settings]]);
  for (const type of [ModulesContainer, ApplicationConfig, HttpAdapterHost]) made.set(type, app.get(type));
  made.set(DiscoveryService, new DiscoveryService(app.get(ModulesContainer)));

  make(ProcessExplorer, made).onModuleInit();
  const document = make(OpenApiDocument, made);
  document.onApplicationBootstrap();
  const { PUBLIC_URL, HOST, PORT } = settings;
  const host = HOST.includes(':') ? `[${HOST}]` : HOST;
  return JSON.parse(document.json(serverUrl ?? PUBLIC_URL ?? `http://${host}:${PORT}`, version));
}

/** Creates what preview mode left out: a class with its dependencies, each once. */
function make<T>(type: Type<T>, made: Map<Type, unknown>): T {
  if (!made.has(type)) {
    const dependencies = (Reflect.getMetadata('design:paramtypes', type) ?? []) as Type[];
    made.set(type, new type(...dependencies.map((dependency) => make(dependency, made))));
  }
  return made.get(type) as T;
}
