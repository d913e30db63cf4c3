import { randomUUID } from 'node:crypto';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Settings } from '../../config/settings.js';
import { sendProblem } from '../problems/send-problem.js';
import { toDomainError } from '../problems/to-domain-error.js';
import { answerClientError } from './client-error.js';

/** Job and process ids longer than Fastify's default of 100 characters are unknown, not malformed. */
const MAXIMUM_PATH_SEGMENT = 2_000;

/**
 * The Fastify server of the standalone service. Requests get a UUID; those that never reach a route (a malformed
 * path, bytes that are no HTTP) are answered with problems here. Use it together with `configureHttp`.
 */
export function createHttpAdapter(settings: Settings): FastifyAdapter {
  return new FastifyAdapter({
    trustProxy: settings.TRUSTED_PROXIES.length > 0 ? settings.TRUSTED_PROXIES : false,
    bodyLimit: settings.MAX_BODY,
    // Node would answer without a problem; `configureHttp` refuses it instead.
    http: { requireHostHeader: false },
    exposeHeadRoutes: true,
    // While closing, `configureHttp` answers with a problem of our own.
    return503OnClosing: false,
    genReqId: () => randomUUID(),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: MAXIMUM_PATH_SEGMENT },
    frameworkErrors: (error: unknown, _request: FastifyRequest, reply: FastifyReply) =>
      sendProblem(reply, toDomainError(error)),
    clientErrorHandler: answerClientError,
  });
}
