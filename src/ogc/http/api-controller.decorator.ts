import { applyDecorators, Controller, UseFilters } from '@nestjs/common';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import { RouteConfig } from '@nestjs/platform-fastify';
import { FASTIFY_ROUTE_CONFIG_METADATA } from '@nestjs/platform-fastify/constants.js';
import { ApiTags } from '@nestjs/swagger';
import { ProblemFilter } from '../problems/problem.filter.js';
import { CONFIDENTIAL_ROUTE } from './confidential.js';

/** The mark of our routes in Fastify's route configuration; see `OwnRoutes`. */
export const OWN_ROUTE = { sluice: true } as const;

/**
 * `@Controller()` of this API: its errors are problem documents, and its routes are known as ours, also inside an
 * application whose other routes are none of our business. The module of the controller imports `OgcModule`.
 * @param tag the group of its operations in the OpenAPI document
 * @param path as for `@Controller()`
 * @param confidential whether bodies hold secrets
 */
export function ApiController(tag: string, path = '', { confidential = false } = {}): ClassDecorator {
  const config = { ...OWN_ROUTE, ...(confidential && CONFIDENTIAL_ROUTE) };
  return applyDecorators(ApiTags(tag), Controller(path), UseFilters(ProblemFilter), markRoutes(config));
}

/** Nest has no class-wide route configuration, so each handler gets it. */
function markRoutes(config: object) {
  return ({ prototype }: { prototype: object }): void => {
    for (const name of Object.getOwnPropertyNames(prototype)) {
      const member = Object.getOwnPropertyDescriptor(prototype, name)!;
      const isRoute = typeof member.value === 'function' && Reflect.hasMetadata(PATH_METADATA, member.value as object);
      if (!isRoute) continue;
      const own = Reflect.getMetadata(FASTIFY_ROUTE_CONFIG_METADATA, member.value as object) as object | undefined;
      RouteConfig({ ...own, ...config })(prototype, name, member);
    }
  };
}
