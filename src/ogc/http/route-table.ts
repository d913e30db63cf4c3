import { Injectable } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import FindMyWay, { type HTTPMethod } from 'find-my-way';
import { isConfidential } from './confidential.js';

/**
 * Knows which methods exist for a path, so that a request with another one gets 405 and `Allow` rather than 404.
 * Fastify's own router cannot be asked with a path, hence a second one of the same make that holds no handlers.
 */
@Injectable()
export class RouteTable {
  private readonly router = FindMyWay({ ignoreTrailingSlash: true, maxParamLength: 10_000 });
  private readonly methods = new Set<HTTPMethod>();

  /** Follows the routes of a Fastify instance; to be called before they are registered. */
  follow(fastify: FastifyInstance): void {
    fastify.addHook('onRoute', ({ method, url, config }) => {
      for (const name of [method].flat() as HTTPMethod[]) {
        // Catch-all routes of plugins, such as the one for CORS preflights, are no resources.
        if (url === '*' || url === '/*' || this.router.hasRoute(name, url)) continue;
        this.methods.add(name);
        this.router.on(name, url, () => undefined, isConfidential(config));
      }
    });
  }

  /** @returns the methods of the route that a path leads to, sorted; empty when no route does */
  allowedMethods(path: string): string[] {
    return [...this.methods].filter((method) => this.router.find(method, path) !== null).sort();
  }

  /** Whether bodies hold secrets where a path leads, with any method. */
  isConfidential(path: string): boolean {
    return [...this.methods].some((method) => this.router.find(method, path)?.store === true);
  }
}
