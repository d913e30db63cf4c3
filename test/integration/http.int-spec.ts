import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Body, Controller, Delete, Get, Header, HttpCode, Injectable, Module, Param, Post, Res } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import { once } from 'node:events';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import request from 'supertest';
import { ConfigModule } from '../../src/config/config.module.js';
import { Settings } from '../../src/config/settings.js';
import { DatabaseErrorTranslator } from '../../src/database/database-error.translator.js';
import { HealthCheck, Unhealthy } from '../../src/observability/health/health-check.js';
import { HealthModule } from '../../src/observability/health/health.module.js';
import { logRequests } from '../../src/observability/logging/request-log.js';
import { ServiceLogger } from '../../src/observability/logging/service-logger.js';
import { configureHttp } from '../../src/ogc/http/configure-http.js';
import { createHttpAdapter } from '../../src/ogc/http/http-adapter.js';
import { OgcModule } from '../../src/ogc/ogc.module.js';
import { DomainError } from '../../src/ogc/problems/domain-error.js';
import { PROBLEM_CATALOG, type ProblemCode } from '../../src/ogc/problems/problem-catalog.js';
import { OpenApiModule } from '../../src/openapi/openapi.module.js';

const UUID_URN = /^urn:uuid:[0-9a-f-]{36}$/;

@Controller('things')
class ThingsController {
  @Get()
  list(): object {
    return { things: [] };
  }

  @Get(':id')
  one(@Param('id') id: string): object {
    if (id === 'lost') throw Object.assign(new Error('connect ECONNREFUSED S3cret'), { code: 'ECONNREFUSED' });
    if (id === 'broken') throw new TypeError('S3cret of undefined');
    if (id.startsWith('no')) throw new DomainError('no-such-job', `There is no job ${id}.`);
    return { id };
  }

  @Get('jobs/:jobID')
  job(): object {
    return {};
  }

  @Get(':id/executed')
  @Header('Link', '<http://a.example/jobs/a-new-job>; rel="monitor"')
  executed(): object {
    return {};
  }

  @Get(':id/held')
  held(@Res() reply: FastifyReply): void {
    reply.hijack();
    reply.raw.writeHead(200, { 'Content-Length': '4' }).write('he');
    release = () => void reply.raw.end('ld');
  }

  @Get(':id/stream')
  stream(@Res() reply: FastifyReply): void {
    const source = Readable.from(
      (async function* () {
        yield 'x'.repeat(100_000);
        await Promise.resolve();
        throw new Error('S3cret');
      })(),
    );
    void reply.type('text/plain').send(source);
  }

  @Post()
  @HttpCode(200)
  create(@Body() body: unknown): object {
    return { received: body ?? 'nothing' };
  }

  @Delete(':id')
  remove(@Param('id') id: string): object {
    return { removed: id };
  }
}

let release = () => {};
let onClosing = () => {};
let isQueueUp = true;

@Injectable()
class QueueCheck extends HealthCheck {
  readonly name = 'queue';
  check(): Promise<void> {
    return isQueueUp ? Promise.resolve() : Promise.reject(new Unhealthy('The queue is away.'));
  }
}

@Module({ controllers: [ThingsController], providers: [QueueCheck, DatabaseErrorTranslator] })
class ThingsModule {}

interface Running {
  readonly app: NestFastifyApplication;
  readonly url: string;
  readonly lines: string[];
}

async function start(environment: Record<string, string> = {}, prefix?: string): Promise<Running> {
  const settings = Settings.parse({ MAX_BODY: '1KiB', LOG_LEVEL: 'debug', ...environment });
  @Module({ imports: [ConfigModule.forRoot(settings), OgcModule, OpenApiModule, HealthModule, ThingsModule] })
  class AppModule {}
  const lines: string[] = [];
  const logger = new ServiceLogger(settings.LOG_LEVEL, {
    stream: { write: (line) => void lines.push(line) },
    close: () => Promise.resolve(),
  });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule, createHttpAdapter(settings), {
    bodyParser: false,
    logger,
    abortOnError: false,
  });
  if (prefix !== undefined) app.setGlobalPrefix(prefix);
  configureHttp(app, settings);
  logRequests(app.getHttpAdapter().getInstance(), logger);
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('preClose', (done) => {
      onClosing();
      done();
    });
  await app.listen(0, '127.0.0.1');
  return { app, url: (await app.getUrl()).replace('[::1]', '127.0.0.1'), lines };
}

/** Sends bytes as they are and reads until the server closes. */
function raw(url: string, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()));
  });
}

function expectProblem(response: request.Response, code: ProblemCode): void {
  expect(response.headers['content-type']).toBe('application/problem+json');
  expect(response.status).toBe(PROBLEM_CATALOG[code].status);
  expect(JSON.parse(response.text || (response.body as Buffer).toString())).toMatchObject(PROBLEM_CATALOG[code]);
}

describe('HTTP of the service', () => {
  let running: Running;
  const api = () => request(running.url);
  const relationsOf = (body: { links: { rel: string; href: string; type: string }[] }) =>
    new Map(body.links.map((link) => [`${link.rel} ${link.type}`, link.href]));

  beforeAll(async () => {
    running = await start();
  });
  afterAll(() => running.app.close());

  describe('problems', () => {
    it('answers a domain error by the catalog', async () => {
      const response = await api().get('/things/no1');
      expectProblem(response, 'no-such-job');
      expect(JSON.parse(response.text)).toMatchObject({ detail: 'There is no job no1.' });
    });

    it('answers application/json to a client that names it', async () => {
      const response = await api().get('/things/no1').set('Accept', 'application/json');
      expect(response.headers['content-type']).toBe('application/json');
      expect(response.body).toMatchObject({ status: 404 });
    });

    it('does not tell what an unexpected error was, but logs it under the id it names', async () => {
      const response = await api().get('/things/broken');
      expectProblem(response, 'internal');
      const { instance } = JSON.parse(response.text) as { instance: string };
      expect(response.text).not.toContain('S3cret');
      expect(instance).toMatch(UUID_URN);
      const line = running.lines.find(
        (text) => text.includes('S3cret') && text.includes(instance.slice('urn:uuid:'.length)),
      );
      expect(JSON.parse(line ?? '{}')).toMatchObject({ level: 'error', err: { type: 'TypeError' } });
    });

    it('answers 503 with Retry-After while the database is away', async () => {
      const response = await api().get('/things/lost');
      expectProblem(response, 'database-unavailable');
      expect(Number(response.headers['retry-after'])).toBeGreaterThan(0);
      expect(response.text).not.toContain('S3cret');
    });

    it('answers an unknown path', async () => expectProblem(await api().get('/nowhere'), 'not-found'));

    it('answers a known path with another method by 405 and Allow', async () => {
      const response = await api().put('/things/1').send({});
      expectProblem(response, 'method-not-allowed');
      expect(response.headers.allow).toBe('DELETE, GET, HEAD');
      expect((await api().delete('/things')).headers.allow).toBe('GET, HEAD, POST');
      expectProblem(await api().post('/?f=json').send({}), 'method-not-allowed');
    });

    it('answers malformed JSON with where the error is', async () => {
      const response = await api().post('/things').type('json').send('{"a": 1,}');
      expectProblem(response, 'malformed-body');
      expect(response.text).toMatch(/position 8|line 1/);
    });

    it('answers a body that is not UTF-8, and one that would replace a prototype', async () => {
      const bytes = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff]), Buffer.from('"}')]);
      const agent = api()
        .post('/things')
        .type('json')
        .serialize((body: unknown) => body as string);
      expectProblem(await agent.send(bytes), 'malformed-body');
      expectProblem(await api().post('/things').type('json').send('{"__proto__": {"a": 1}}'), 'malformed-body');
    });

    it('answers a number that is too large to be read, and names its place', async () => {
      const response = await api().post('/things').type('json').send('{"a": [1, -1e400]}');
      expectProblem(response, 'malformed-body');
      expect(JSON.parse(response.text)).toMatchObject({ errors: [{ pointer: '/a/1' }] });
      const deep = `${'['.repeat(300)}1e400${']'.repeat(300)}`;
      expectProblem(await api().post('/things').type('json').send(deep), 'malformed-body');
    });

    it('passes an empty JSON body on as none', async () => {
      expect((await api().post('/things').type('json').send('')).body).toEqual({ received: 'nothing' });
      expect((await api().delete('/things/1').type('json')).body).toEqual({ removed: '1' });
    });

    it('answers a body that is too large', async () =>
      expectProblem(
        await api()
          .post('/things')
          .send({ text: 'x'.repeat(2_000) }),
        'body-too-large',
      ));

    it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'nonsense'])(
      'does not accept a body of type %s',
      async (type) =>
        expectProblem(await api().post('/things').set('Content-Type', type).send('a=1'), 'unsupported-media-type'),
    );

    it('answers a malformed percent-encoding in the path', async () =>
      expectProblem(await api().get('/things/%zz'), 'bad-request'));

    it('takes long segments of a path as they are, up to a limit', async () => {
      expectProblem(await api().get(`/things/no${'x'.repeat(1_000)}`), 'no-such-job');
      expectProblem(await api().get(`/things/${'x'.repeat(3_000)}`), 'uri-too-long');
    });

    it('answers a Host header that is none, also where no link is made', async () =>
      expectProblem(await api().get('/things').set('Host', 'a"b/c'), 'bad-request'));

    it('answers two Host headers (RFC 9112 section 3.2)', async () => {
      const answer = await raw(running.url, 'GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\nConnection: close\r\n\r\n');
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    });

    it('answers bytes that are no HTTP', async () => {
      const answer = await raw(running.url, 'NONSENSE\r\n\r\n');
      expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n[^]*Content-Type: application\/problem\+json\r\n/);
      expect(JSON.parse(answer.split('\r\n\r\n')[1])).toMatchObject(PROBLEM_CATALOG['bad-request']);
    });

    it('answers headers that are too large', async () => {
      const answer = await raw(running.url, `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`);
      expect(answer).toMatch(/^HTTP\/1\.1 431 /);
      expect(JSON.parse(answer.split('\r\n\r\n')[1])).toMatchObject(PROBLEM_CATALOG['header-too-large']);
    });

    it('answers HEAD with the headers of GET and no body', async () => {
      const answer = await raw(running.url, 'HEAD /things/no1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
      const [head, body] = answer.split('\r\n\r\n');
      expect(head).toMatch(/^HTTP\/1\.1 404 [^]*content-type: application\/problem\+json/i);
      expect(head).toMatch(/content-length: [1-9]/i);
      expect(body).toBe('');
    });

    it('breaks off an answer that fails half-way, so that nobody takes it for whole', async () => {
      await expect(api().get('/things/1/stream')).rejects.toThrow(/aborted|hang up|ECONNRESET/);
    });
  });

  describe('GET / and /conformance', () => {
    it('links to everything a client needs (/req/core/landingpage-success)', async () => {
      const { body, headers } = await api().get('/');
      expect(headers['content-type']).toMatch(/^application\/json/);
      const relations = relationsOf(body);
      const ogc = 'http://www.opengis.net/def/rel/ogc/1.0';
      expect(Object.fromEntries(relations)).toEqual({
        'self application/json': `${running.url}/`,
        'service-desc application/vnd.oai.openapi+json;version=3.0': `${running.url}/api`,
        'service-desc application/vnd.oai.openapi+json;version=3.1': `${running.url}/api`,
        'service-doc text/html': `${running.url}/api`,
        [`${ogc}/conformance application/json`]: `${running.url}/conformance`,
        [`${ogc}/processes application/json`]: `${running.url}/processes`,
        [`${ogc}/job-list application/json`]: `${running.url}/jobs`,
      });
    });

    it('follows the forwarded headers of a trusted proxy', async () => {
      const { body } = await api()
        .get('/')
        .set({ 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'example.org', 'X-Forwarded-Prefix': '/ogc' });
      expect(relationsOf(body).get('self application/json')).toBe('https://example.org/ogc/');
    });

    it('declares conformance (/req/core/conformance-success)', async () => {
      const { body } = await api().get('/conformance');
      expect(body.conformsTo).toContain('http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/core');
    });

    it.each(['/', '/conformance', '/api', '/health/live'])('answers HEAD %s', async (path) => {
      const response = await api().head(path);
      expect(response.status).toBe(200);
      expect(Number(response.headers['content-length'])).toBeGreaterThan(0);
    });

    it('refuses what it cannot answer', async () => {
      expectProblem(await api().get('/').set('Accept', 'image/png'), 'not-acceptable');
      expectProblem(await api().get('/?f=xml'), 'invalid-query-parameter');
      expect((await api().get('/?f=json')).status).toBe(200);
    });
  });

  describe('GET /api', () => {
    const OPENAPI = 'application/vnd.oai.openapi+json;version=3.0';

    it.each([
      ['*/*', OPENAPI],
      [OPENAPI, OPENAPI],
      ['application/json', 'application/json'],
    ])('answers Accept %s with the document as %s', async (accept, type) => {
      const response = await api().get('/api').set('Accept', accept).buffer(true).parse(asText);
      expect(response.headers['content-type']).toBe(type);
      expect(JSON.parse(response.body)).toMatchObject({ openapi: '3.0.3', servers: [{ url: running.url }] });
    });

    it('documents every route with its problems (/req/oas30/completeness)', async () => {
      const { body: document } = await api()
        .get('/api?f=json')
        .set('Accept', 'application/json')
        .buffer(true)
        .parse(asJson);
      expect(Object.keys(document.paths).sort()).toEqual(
        [
          '/',
          '/api',
          '/conformance',
          '/health/live',
          '/health/ready',
          '/things',
          '/things/jobs/{jobID}',
          '/things/{id}',
          '/things/{id}/executed',
          '/things/{id}/held',
          '/things/{id}/stream',
        ].sort(),
      );
      const responses = (path: string, method: string) => Object.keys(document.paths[path][method].responses);
      expect(responses('/things/{id}', 'get')).toEqual(
        expect.arrayContaining(['200', '400', '404', '406', '500', '503']),
      );
      expect(responses('/things', 'post')).toEqual(expect.arrayContaining(['413', '415']));
      expect(document.components.responses.Problem404.description).toContain('no-such-process');
    });

    it('has no dangling reference and no operation id twice', async () => {
      const { body: document } = await api().get('/api?f=json').buffer(true).parse(asJson);
      const text = JSON.stringify(document);
      for (const [, pointer] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
        const target = pointer
          .split('/')
          .reduce((value: unknown, key) => (value as Record<string, unknown> | undefined)?.[key], document);
        expect({ pointer, found: target !== undefined }).toEqual({ pointer, found: true });
      }
      const ids = [...text.matchAll(/"operationId":"([^"]+)"/g)].map(([, id]) => id);
      expect(new Set(ids).size).toBe(ids.length);
    });

    it.each(['/api', '/api/'])('is a page for a browser at %s, with files of this service only', async (path) => {
      const page = await api().get(path).set('Accept', 'text/html,*/*;q=0.8');
      expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
      expect(page.headers['content-security-policy']).toContain("script-src 'self'");
      expect(page.text).not.toMatch(/<script>|https?:\/\//);
      const files = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file);
      expect(files).toHaveLength(5);
      for (const file of files) {
        const url = new URL(file, `${running.url}${path}`);
        expect({ file, status: (await api().get(`${url.pathname}${url.search}`)).status }).toEqual({
          file,
          status: 200,
        });
      }
    });

    it('serves no other file', async () => {
      for (const name of ['package.json', '..%2fpackage.json', 'constructor']) {
        expectProblem(await api().get(`/api/assets/${name}`), 'not-found');
      }
    });
  });

  describe('CORS', () => {
    it('lets scripts read Location and Link (/rec/core/access-control-expose-headers)', async () => {
      const response = await api().get('/').set('Origin', 'https://map.example');
      expect(response.headers['access-control-allow-origin']).toBe('*');
      expect(response.headers['access-control-expose-headers']).toMatch(/Location, Link, Preference-Applied/);
    });

    it('answers preflights, and OPTIONS that is none', async () => {
      const preflight = api()
        .options('/things')
        .set({ Origin: 'https://map.example', 'Access-Control-Request-Method': 'POST' });
      expect(await preflight).toMatchObject({ status: 204 });
      expect(await api().options('/things')).toMatchObject({ status: 204 });
    });

    it('is there for problems too', async () =>
      expect(
        (await api().get('/nowhere').set('Origin', 'https://map.example')).headers['access-control-allow-origin'],
      ).toBe('*'));
  });

  describe('health', () => {
    it('is ready when all checks succeed, and says which did not', async () => {
      expect((await api().get('/health/ready')).body).toEqual({ status: 'ok', checks: { queue: { status: 'ok' } } });
      isQueueUp = false;
      try {
        const response = await api().get('/health/ready');
        expect(response.status).toBe(503);
        expect(response.body).toEqual({
          status: 'unavailable',
          checks: { queue: { status: 'unavailable', detail: 'The queue is away.' } },
        });
        expect((await api().get('/health/live')).body).toMatchObject({ status: 'ok' });
      } finally {
        isQueueUp = true;
      }
    });

    it('answers a probe that speaks HTTP/1.0 without a host', async () =>
      expect(await raw(running.url, 'GET /health/live HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /));
  });

  describe('request log', () => {
    it('has one line per request, without secrets', async () => {
      await api().get('/things/1?token=S3cret-token&limit=5');
      const line = running.lines.findLast((text) => text.includes('"/things/1"'));
      expect(JSON.parse(line ?? '{}')).toMatchObject({
        level: 'debug',
        context: 'Http',
        method: 'GET',
        path: '/things/1',
        status: 200,
        ms: expect.any(Number),
        requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      });
      expect(line).not.toContain('jobId');
    });

    it.each([
      ['/things/jobs/a-job', 'a-job'],
      ['/things/1/executed', 'a-new-job'],
    ])('names the job that a request is about, or that an execution left: %s', async (path, jobId) => {
      await api().get(path);
      const line = running.lines.findLast((text) => text.includes(`"${path}"`));
      expect(JSON.parse(line ?? '{}')).toMatchObject({ context: 'Http', path, jobId });
    });
  });
});

describe('HTTP of the service, mounted and published elsewhere', () => {
  it('puts the global prefix of a host application into every link', async () => {
    const { app, url } = await start({}, 'ogc');
    try {
      const { body } = await request(url).get('/ogc');
      expect(body.links.map(({ href }: { href: string }) => href)).toContain(`${url}/ogc/conformance`);
      const { body: document } = await request(url).get('/ogc/api?f=json').buffer(true).parse(asJson);
      expect(document.servers).toEqual([{ url: `${url}/ogc` }]);
      expect(Object.keys(document.paths)).toContain('/things/{id}');
      expect((await request(url).put('/ogc/things')).headers.allow).toBe('GET, HEAD, POST');
    } finally {
      await app.close();
    }
  });

  it('answers 503 to requests on open connections while it shuts down', async () => {
    const { app, url } = await start();
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    const answering = once(socket, 'data');
    socket.write('GET /things/1/held HTTP/1.1\r\nHost: a\r\n\r\n');
    const [first] = (await answering) as [Buffer];
    expect(String(first)).toMatch(/^HTTP\/1\.1 200 /);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    const closing = new Promise<void>((resolve) => (onClosing = resolve));
    const closed = app.close();
    await closing;
    socket.write('GET /things HTTP/1.1\r\nHost: a\r\n\r\n');
    release();
    await once(socket, 'close');
    await closed;
    expect(Buffer.concat(chunks).toString()).toMatch(/HTTP\/1\.1 503 [^]*shutting-down/);
  });

  it('follows PUBLIC_URL', async () => {
    const { app, url } = await start({ PUBLIC_URL: 'https://example.org/ogc' });
    try {
      const { body } = await request(url).get('/');
      expect(body.links.every(({ href }: { href: string }) => href.startsWith('https://example.org/ogc/'))).toBe(true);
    } finally {
      await app.close();
    }
  });
});

type Parser = Parameters<request.Test['parse']>[0];
const collect =
  (convert: (text: string) => unknown): Parser =>
  (response, done) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(Buffer.from(chunk)));
    response.on('end', () => done(null, convert(Buffer.concat(chunks).toString())));
  };
const asText = collect((text) => text);
const asJson = collect((text) => JSON.parse(text) as unknown);
