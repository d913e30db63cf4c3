import type { IncomingMessage } from 'node:http';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyRequest, onRequestHookHandler, RouteOptions } from 'fastify';
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

/** Lets routes have bodies that are streams; to be called before Nest registers routes. */
export function acceptStreams(fastify: FastifyInstance): void {
  fastify.addContentTypeParser(STREAM_TYPE, (request, payload, done) => {
    if (isStreamRoute(request.routeOptions.config)) done(null, payload);
    else done(new DomainError('unsupported-media-type', `A body of the type ${STREAM_TYPE} is not taken here.`));
  });
}

/** Whether the body of a route is a stream, by its configuration. */
export function isStreamRoute(config: object | undefined): boolean {
  return config !== undefined && 'sluiceStream' in config;
}

/** Has no parser read the bodies of a route; whoever reads them bounds them. */
export function leaveBodyUnread(route: RouteOptions): void {
  route.bodyLimit = Number.MAX_SAFE_INTEGER;
  const hide: onRequestHookHandler = ({ raw }, _reply, done) => {
    const sent = raw.headers['content-type'];
    if (sent !== undefined) sentTypes.set(raw, sent);
    raw.headers['content-type'] = STREAM_TYPE;
    done();
  };
  route.onRequest = [route.onRequest ?? [], hide].flat();
}
