import { describe, expect, it } from '@jest/globals';
import type { DynamicModule, Type } from '@nestjs/common';
import { EXCEPTION_FILTERS_METADATA, MODULE_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { Settings } from './config/settings.js';
import { CatalogModule } from './processes/catalog/catalog.module.js';
import { ProblemFilter } from './ogc/problems/problem.filter.js';
import { SluiceModule } from './sluice.module.js';

/** The key of `@RouteConfig()`, as Nest's Fastify adapter reads it. */
const ROUTE_CONFIG = '__fastify_route_config__';

describe(SluiceModule.name, () => {
  it('answers errors of every controller with problem documents, whatever application it is a part of', async () => {
    const controllers = modulesOf(await SluiceModule.forRoot({ settings: Settings.parse({}) })).flatMap((module) =>
      metadata<Type>(MODULE_METADATA.CONTROLLERS, module),
    );
    expect(controllers.map(({ name }) => name)).toEqual(expect.arrayContaining(['JobsController', 'HealthController']));
    for (const controller of controllers) {
      expect([controller.name, metadata(EXCEPTION_FILTERS_METADATA, controller)]).toEqual([
        controller.name,
        [ProblemFilter],
      ]);
      for (const [name, route] of routesOf(controller)) {
        const mark: unknown = Reflect.getMetadata(ROUTE_CONFIG, route);
        expect([`${controller.name}.${name}`, mark]).toMatchObject([`${controller.name}.${name}`, { sluice: true }]);
      }
    }
  });

  it.each([
    [{}, undefined, true],
    [{ CATALOG: 'false' }, undefined, false],
    [{}, false, false],
    [{ CATALOG: 'false' }, true, true],
  ])('with %j and catalog: %s offers the built-in processes: %s', async (environment, catalog, offered) => {
    const module = await SluiceModule.forRoot({ settings: Settings.parse(environment), catalog });
    expect(modulesOf(module).includes(CatalogModule)).toBe(offered);
  });
});

type AnyModule = Type | DynamicModule;

/** The classes of a module and of all it imports, except modules that are made asynchronously. */
function modulesOf(root: AnyModule): Type[] {
  const found = new Set<AnyModule>();
  const visit = (module: AnyModule) => {
    if (found.has(module)) return;
    found.add(module);
    const type = typeOf(module);
    const imports = [...metadata<AnyModule>(MODULE_METADATA.IMPORTS, type), ...importsOf(module)];
    imports.forEach(visit);
  };
  visit(root);
  return [...new Set([...found].map(typeOf))];
}

function typeOf(module: AnyModule): Type {
  return typeof module === 'function' ? module : module.module;
}

function importsOf(module: AnyModule): AnyModule[] {
  return typeof module === 'function' ? [] : ((module.imports ?? []) as AnyModule[]);
}

function metadata<T>(key: string, target: object): T[] {
  return (Reflect.getMetadata(key, target) as T[] | undefined) ?? [];
}

function routesOf({ prototype }: Type): [string, object][] {
  return Object.entries(Object.getOwnPropertyDescriptors(prototype as object))
    .map(([name, { value }]): [string, unknown] => [name, value])
    .filter((entry): entry is [string, object] => typeof entry[1] === 'function')
    .filter(([, route]) => Reflect.hasMetadata(PATH_METADATA, route));
}
