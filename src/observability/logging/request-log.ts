import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ServiceLogger } from './service-logger.js';

/**
 * Logs every answered request with its method, path, status, duration in milliseconds and request id, and with the
 * id of the job that it is about or led to: server errors as warnings, client errors at `info`, everything else at `debug`.
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
        ...jobOf(request, reply),
        message: 'Request',
      };
      logger[level === 'info' ? 'log' : level](fields, 'Http');
    }
    done();
  });
}

/** The job in the path of a resource below `/jobs`, or the one that an execution says it left (`rel="monitor"`). */
function jobOf({ params }: FastifyRequest, reply: FastifyReply): { jobId?: string } {
  const { jobID } = (params ?? {}) as { jobID?: string };
  const jobId = jobID ?? /\/jobs\/([^/>]+)>; rel="monitor"/.exec(String(reply.getHeader('link') ?? ''))?.[1];
  return jobId === undefined ? {} : { jobId };
}

/** Without the query: `GET .../execution` carries the values of inputs there. */
function pathOf({ url }: FastifyRequest): string {
  return url.split('?', 1)[0];
}
