import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ServiceLogger } from './service-logger.js';

/**
 * Logs every answered request with its method, path, status, duration in milliseconds and request id: server errors as
 * warnings, client errors at `info`, everything else at `debug`.
 */
export function logRequests(fastify: FastifyInstance, logger: ServiceLogger): void {
  fastify.addHook('onResponse', (request: FastifyRequest, reply: FastifyReply, done) => {
    const status = reply.statusCode;
    const level = status >= 500 ? 'warn' : status >= 400 ? 'info' : 'debug';
    if (logger.isEnabled(level)) {
      const fields = {
        method: request.method,
        path: pathOf(request),
        status,
        ms: Math.round(reply.elapsedTime * 10) / 10,
        requestId: request.id,
        message: 'Request',
      };
      logger[level === 'info' ? 'log' : level](fields, 'Http');
    }
    done();
  });
}

/** Without the query: `GET .../execution` carries the values of inputs there. */
function pathOf({ url }: FastifyRequest): string {
  return url.split('?', 1)[0];
}
