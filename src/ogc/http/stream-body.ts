import type { IncomingMessage } from 'node:http';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { DomainError } from '../problems/domain-error.js';

/** The mark of routes that read their body themselves. */
const STREAM_ROUTE = { sluiceStream: true } as const;

/** What Fastify is told that the body is, so that no parser of the application reads it. */
const STREAM_TYPE = 'application/vnd.sluice.stream';

const sentTypes = new WeakMap<IncomingMessage, string>();

/**
 * Marks a handler of an `@ApiController()` that reads its body as it arrives, whatever its media type and size: the body
 * is the request itself, a stream.
 */
export function StreamBody(): MethodDecorator {
  return RouteConfig(STREAM_ROUTE);
}

/** `Content-Type` of such a request, as the client sent it. */
export function sentContentType(request: FastifyRequest): string | undefined {
  return sentTypes.get(request.raw);
}

/** Lets the routes that are marked have their bodies unread; to be called before Nest registers routes. */
export function passStreams(fastify: FastifyInstance): void {
  fastify.addContentTypeParser(STREAM_TYPE, (request, payload, done) => {
    if (isStreamRoute(request.routeOptions.config)) done(null, payload);
    else done(new DomainError('unsupported-media-type', `A body of the type ${STREAM_TYPE} is not taken here.`));
  });
  fastify.addHook('onRequest', (request, _reply, done) => {
    const { headers } = request.raw;
    if (isStreamRoute(request.routeOptions.config)) {
      if (headers['content-type'] !== undefined) sentTypes.set(request.raw, headers['content-type']);
      headers['content-type'] = STREAM_TYPE;
    }
    done();
  });
}

/** Whether the body of a route is a stream, by its configuration. */
export function isStreamRoute(config: object | undefined): boolean {
  return config !== undefined && 'sluiceStream' in config;
}
