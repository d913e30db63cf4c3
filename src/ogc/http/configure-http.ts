import cors from '@fastify/cors';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { onRequestHookHandler } from 'fastify';
import type { Settings } from '../../config/settings.js';
import { isUsableHost } from '../links/base-url.js';
import { DomainError } from '../problems/domain-error.js';
import { ProblemFilter } from '../problems/problem.filter.js';
import { jsonBodyParser } from './json-body.js';
import { RouteTable } from './route-table.js';

/** Headers that a script of another origin may read (OGC 18-062r2 /rec/core/access-control-expose-headers). */
const EXPOSED_HEADERS = [
  'Location',
  'Link',
  'Preference-Applied',
  'Retry-After',
  'Content-Disposition',
  'Allow',
  'ETag',
  'Accept-Ranges',
  'Content-Range',
  // Of the tus protocol
  'Upload-Offset',
  'Upload-Length',
  'Upload-Defer-Length',
  'Upload-Metadata',
  'Upload-Expires',
  'Tus-Resumable',
  'Tus-Version',
  'Tus-Extension',
  'Tus-Max-Size',
];

/** Seconds; long enough for a restart behind a load balancer. */
const SHUTDOWN_RETRY_AFTER = 5;

/** How often idle connections are closed during a shutdown. Milliseconds. */
const LET_GO_INTERVAL = 100;

/**
 * Everything about HTTP that holds for all routes of the standalone service: problems for every error, CORS, JSON
 * bodies up to MAX_BODY and no other kind, checked Host headers. Call it once, after `NestFactory.create(module,
 * createHttpAdapter(settings), { bodyParser: false })` and before `app.init()` or `app.listen()`.
 */
export function configureHttp(app: NestFastifyApplication, settings: Settings): void {
  const fastify = app.getHttpAdapter().getInstance();
  const routes = app.get(RouteTable);
  routes.follow(fastify);
  app.useGlobalFilters(app.get(ProblemFilter));

  fastify.removeContentTypeParser('text/plain');
  app.useBodyParser('application/json', { bodyLimit: settings.MAX_BODY }, jsonBodyParser(fastify));

  if (settings.CORS_ORIGINS.length > 0) {
    fastify.addHook('onRequest', (request, reply, done) => {
      // Before the plugin answers the preflight: a script of another origin may not even ask for these.
      const path = request.method === 'OPTIONS' ? request.url.split('?', 1)[0] : undefined;
      if (path === undefined || !routes.isConfidential(path)) return done();
      reply.header('Allow', routes.allowedMethods(path).join(', '));
      done(new DomainError('method-not-allowed', 'Scripts of other origins have no access to this resource.'));
    });
    // Not app.enableCors(): for the sake of Express middleware it sets the headers a second time on the raw response,
    // which Node then writes the slow way.
    fastify.register(cors, {
      origin: settings.CORS_ORIGINS.includes('*') ? '*' : settings.CORS_ORIGINS,
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
      // As text: a list would be joined for every request.
      exposedHeaders: EXPOSED_HEADERS.join(', '),
      strictPreflight: false,
      maxAge: 3_600,
    });
  }

  // RFC 9110 section 10.1.1: an expectation other than 100-continue may be ignored. Node would answer without a problem.
  fastify.server.on('checkExpectation', (request, response) => fastify.server.emit('request', request, response));

  let isClosing = false;
  // Nearly all requests name the same host; it is checked once.
  let usableHost: string | undefined;
  fastify.addHook('preClose', (done) => {
    isClosing = true;
    // A connection that is being answered at this moment would be kept alive afterwards, and the server with it.
    const letGo = setInterval(() => fastify.server.closeIdleConnections(), LET_GO_INTERVAL);
    fastify.server.once('close', () => clearInterval(letGo));
    done();
  });
  const admit: onRequestHookHandler = (request, reply, done) => {
    if (isClosing) {
      reply.header('Connection', 'close');
      return done(
        new DomainError('shutting-down', 'The service is shutting down. Try again later.', {
          retryAfter: SHUTDOWN_RETRY_AFTER,
        }),
      );
    }
    const { headers, rawHeaders, httpVersion } = request.raw;
    const { host } = headers;
    // RFC 9112 section 3.2: an invalid Host header, and more than one, is answered with 400. HTTP/1.0 may leave it out.
    const isMissing = host === undefined && httpVersion === '1.1';
    if (isMissing || isRepeated(rawHeaders) || (host !== undefined && host !== usableHost && !isUsableHost(host))) {
      return done(new DomainError('bad-request', 'The Host header is missing, repeated, or names no usable host.'));
    }
    usableHost = host;
    done();
  };
  // After the CORS headers, so that a script can read also the problem of a request that is turned away.
  fastify.after(() => fastify.addHook('onRequest', admit));
}

/** Whether there are several Host headers, of which Node tells the first. @param rawHeaders names and values in turn */
function isRepeated(rawHeaders: readonly string[]): boolean {
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  return hosts > 1;
}
