import { type ArgumentsHost, Catch, type ExceptionFilter, Injectable, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RouteTable } from '../http/route-table.js';
import { DomainError } from './domain-error.js';
import { ErrorTranslation } from './error-translation.js';
import { PROBLEM_CATALOG } from './problem-catalog.js';
import { lingerAfterAnswer } from '../http/lingering-close.js';
import { sendProblem } from './send-problem.js';

/**
 * The one place where an error becomes an HTTP answer: a problem document by the catalog, whether it was thrown by a
 * service, by Nest or by Fastify before any handler ran.
 */
@Catch()
@Injectable()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger(ProblemFilter.name);

  constructor(
    private readonly routes: RouteTable,
    private readonly translation: ErrorTranslation,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(thrown, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  /** Answers a request with the problem document of whatever was thrown, and logs what is the service's fault. */
  answer(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const error =
      this.methodNotAllowed(request, reply) ?? brokenOff(thrown, request) ?? this.translation.translate(thrown);
    this.log(error, thrown, request);
    if (reply.sent || reply.raw.headersSent) {
      // Part of an answer is out already: an aborted connection tells the client that it is not whole.
      reply.raw.destroy();
      return;
    }
    lingerAfterAnswer(request.raw);
    sendProblem(reply, error);
  }

  private methodNotAllowed(request: FastifyRequest, reply: FastifyReply): DomainError | undefined {
    if (!request.is404) return undefined;
    const allowed = this.routes.allowedMethods(request.url.split('?', 1)[0]);
    if (allowed.length === 0 || allowed.includes(request.method)) return undefined;
    reply.header('Allow', allowed.join(', '));
    return new DomainError(
      'method-not-allowed',
      `${request.method} is not possible here; the methods are ${allowed.join(', ')}.`,
    );
  }

  private log(error: DomainError, thrown: unknown, request: FastifyRequest): void {
    const { status } = PROBLEM_CATALOG[error.code];
    const fields = {
      requestId: request.id,
      method: request.method,
      path: request.url.split('?', 1)[0],
      code: error.code,
      ...(error.jobId !== undefined && { jobId: error.jobId }),
    };
    if (error.code === 'internal')
      this.logger.error({ ...fields, err: error.cause ?? thrown, message: 'Request failed' });
    else if (status >= 500) this.logger.warn({ ...fields, err: error.cause, message: error.message });
  }
}

/** A client that went away within its request: an error of its socket, which must not pass for one of the database's. */
function brokenOff(thrown: unknown, { raw }: FastifyRequest): DomainError | undefined {
  if (raw.errored === null || thrown !== raw.errored) return undefined;
  return new DomainError('bad-request', 'The request was broken off before its body was complete.');
}
