import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { Settings } from '../../src/config/settings.js';
import { InputResolver } from '../../src/execution/inputs/input-resolver.js';
import { ReferenceReader } from '../../src/execution/inputs/reference.reader.js';
import { DomainError } from '../../src/ogc/problems/domain-error.js';
import { AddressPolicy } from '../../src/outgoing/address-policy.js';
import { GuardedFetch } from '../../src/outgoing/guarded-fetch.js';
import { CompiledProcess } from '../../src/processes/compiled-process.js';
import { FaultCollector } from '../../src/processes/definition/invalid-process.error.js';
import { InputFile } from '../../src/processes/input-file.js';
import type { OgcSchema, ProcessDescription } from '../../src/processes/process-description.js';
import type { ProcessHandler } from '../../src/processes/process-handler.js';
import type { ProcessPolicy } from '../../src/processes/registered-process.js';
import type { BlockInputs } from '../../src/processes/schema/block-input.js';

function processWith(blockInputs: BlockInputs): CompiledProcess {
  const schemas: Record<string, OgcSchema> = {
    text: { type: 'string' },
    xml: { type: 'string', contentMediaType: 'application/xml' },
    object: { type: 'object' },
    number: { type: 'number' },
    file: { type: 'string', contentEncoding: 'binary', contentMediaType: 'application/octet-stream' },
  };
  const inputs = {
    ...Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, { schema, minOccurs: 0 }])),
    files: { schema: { type: 'string', contentEncoding: 'binary' }, minOccurs: 0, maxOccurs: 'unbounded' },
    numbers: { schema: { type: 'number' }, minOccurs: 0, maxOccurs: 3 },
    taker: { schema: { oneOf: [{ type: 'object' }, { type: 'object', required: ['$block'] }] }, minOccurs: 0 },
  };
  const description = { id: 'sample', inputs, outputs: {} } as unknown as ProcessDescription;
  const policy: ProcessPolicy = { isolation: 'inline', syncJobs: true };
  const definition = { description, policy, blockInputs, optionalOutputs: new Set<string>() };
  const handler = { execute: () => ({}) } as unknown as ProcessHandler;
  return CompiledProcess.compile(definition, handler, new FaultCollector(() => 'sample'))!;
}

const sample = processWith(new Map());

const MIB = 1024 * 1024;
const ZEROS = Buffer.alloc(64 * MIB);

describe('referenced inputs', () => {
  let server: Server;
  let origin: string;
  let port: number;
  let directory: string;
  let requests: { url: string; headers: Record<string, unknown> }[];
  const fetchers: GuardedFetch[] = [];
  let answer: RequestListener;

  beforeAll(async () => {
    server = createServer((request, response) => {
      requests.push({ url: request.url!, headers: request.headers });
      answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ({ port } = server.address() as AddressInfo);
    origin = `http://127.0.0.1:${port}`;
  });
  afterAll(async () => {
    for (const fetcher of fetchers) await fetcher.onModuleDestroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  beforeEach(async () => {
    requests = [];
    directory = await mkdtemp(join(tmpdir(), 'references-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  function resolver(environment: Record<string, string> = {}): InputResolver {
    const settings = Settings.parse({ ALLOW_PRIVATE_REFERENCES: 'true', ...environment });
    const fetcher = new GuardedFetch(new AddressPolicy(settings));
    fetchers.push(fetcher);
    return new InputResolver(new ReferenceReader(fetcher, settings));
  }
  const resolve = async (
    raw: Record<string, unknown>,
    environment?: Record<string, string>,
    signal = new AbortController().signal,
  ): Promise<Record<string, unknown>> => resolver(environment).resolve(raw, sample, directory, { signal });

  async function failure(raw: Record<string, unknown>, environment?: Record<string, string>) {
    const error: unknown = await resolve(raw, environment).catch((thrown: unknown) => thrown);
    if (!(error instanceof DomainError)) throw new Error('expected a DomainError', { cause: error });
    const errors = Object.fromEntries(error.errors!.map(({ pointer, detail }) => [pointer, detail]));
    return { code: error.code as string, errors };
  }

  const send =
    (body: string | Buffer, headers: Record<string, string> = {}): RequestListener =>
    (_, response) =>
      response.writeHead(200, headers).end(body);

  it.each([
    ['object', { 'content-type': 'application/geo+json' }, '{"a":1}', {}, { a: 1 }],
    ['object', { 'content-type': 'text/plain' }, '{"a":1}', {}, { a: 1 }],
    ['number', {}, '3.5', {}, 3.5],
    ['text', { 'content-type': 'text/plain; charset=latin1' }, Buffer.from([0xfc]), {}, 'ü'],
    ['text', { 'content-type': 'application/json' }, '"quoted"', {}, 'quoted'],
    ['text', { 'content-type': 'application/json' }, '"quoted"', { type: 'text/plain' }, '"quoted"'],
    ['xml', { 'content-type': 'text/html' }, '<a/>', { format: { mediaType: 'application/xml' } }, '<a/>'],
  ])('reads %s, sent with %j, as a value', async (id, headers, body, members, expected) => {
    answer = send(body, headers);
    expect(await resolve({ [id]: { href: origin, ...members } })).toEqual({ [id]: expected });
  });

  it('takes no reference to a block from what it fetches', async () => {
    answer = send('{"$block":"secret/token"}', { 'content-type': 'application/json' });
    const { signal } = new AbortController();
    const taker = processWith(new Map([['taker', ['secret']]]));
    const resolving = async () => resolver().resolve({ taker: { href: origin } }, taker, directory, { signal });
    await expect(resolving()).rejects.toMatchObject({
      code: 'invalid-parameter',
      errors: [{ pointer: '/inputs/taker' }],
    });
    expect(await resolve({ object: { href: origin } })).toEqual({ object: { $block: 'secret/token' } });
  });

  it('streams bytes to a file', async () => {
    answer = send(ZEROS, { 'content-type': 'image/tiff' });
    const { files } = (await resolve({
      files: [{ href: `${origin}/a` }, { href: `${origin}/b`, type: 'image/png' }],
    })) as {
      files: InputFile[];
    };
    expect(files.map(({ size, mediaType }) => [size, mediaType])).toEqual([
      [ZEROS.length, 'image/tiff'],
      [ZEROS.length, 'image/png'],
    ]);
    const hash = createHash('sha256');
    for await (const chunk of files[0].stream()) hash.update(chunk as Buffer);
    expect(hash.digest('hex')).toBe(createHash('sha256').update(ZEROS).digest('hex'));
  });

  it.each([
    ['gzip', gzipSync('content')],
    ['deflate', deflateSync('content')],
    ['br', brotliCompressSync('content')],
    ['gzip, br', brotliCompressSync(gzipSync('content'))],
  ])('undoes the content encoding %s', async (encoding, body) => {
    answer = send(body, { 'content-encoding': encoding });
    expect(await resolve({ text: { href: origin } })).toEqual({ text: 'content' });
  });

  it('sends no cookie and no authorization, and names what it accepts', async () => {
    answer = send('<a/>');
    await resolve({ xml: { href: origin, headers: { authorization: 'x' } } });
    expect(requests[0].headers).toMatchObject({
      accept: 'application/xml, */*;q=0.1',
      'accept-encoding': 'gzip, deflate, br',
    });
    const names = Object.keys(requests[0].headers).sort();
    expect(names).toEqual(['accept', 'accept-encoding', 'connection', 'host', 'user-agent']);
  });

  it('follows relative redirects, five at most', async () => {
    answer = (request, response) => {
      const left = Number(new URL(request.url!, origin).pathname.slice(1));
      if (left > 0) response.writeHead(302, { location: `/${left - 1}` }).end();
      else response.end('there');
    };
    expect(await resolve({ text: { href: `${origin}/5` } })).toEqual({ text: 'there' });
    const { code, errors } = await failure({ text: { href: `${origin}/6` } });
    expect([code, errors['/inputs/text']]).toEqual(['reference-unavailable', expect.stringMatching(/redirects/)]);
  });

  it.each(['file:///etc/passwd', 'ftp://example.org/'])('does not follow a redirect to %s', async (location) => {
    answer = (_, response) => response.writeHead(302, { location }).end();
    expect((await failure({ text: { href: origin } })).errors['/inputs/text']).toMatch(/http or https/);
  });

  it('does not follow a redirect to a private address', async () => {
    // The first hop is let through as if it were public; the policy itself is real.
    const settings = Settings.parse({});
    class FirstHopAllowed extends AddressPolicy {
      override allows(address: string): boolean {
        return address === '127.0.0.1' || super.allows(address);
      }
    }
    const fetcher = new GuardedFetch(new FirstHopAllowed(settings));
    fetchers.push(fetcher);
    for (const target of [`http://127.0.0.2:${port}/`, `http://[::1]:${port}/`, `http://2130706434:${port}/`]) {
      requests = [];
      answer = (request, response) => {
        if (request.url === '/start') response.writeHead(307, { location: target }).end();
        else response.end('secret');
      };
      const guarded = new InputResolver(new ReferenceReader(fetcher, settings));
      const run = guarded.resolve({ text: { href: `${origin}/start` } }, sample, directory, new AbortController());
      await expect(run).rejects.toMatchObject({ errors: [{ detail: expect.stringMatching(/address/) }] });
      expect(requests).toHaveLength(1);
    }
  });

  it.each(['127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '0.0.0.0'])(
    'does not connect to %s, and does not say what it resolves to',
    async (host) => {
      answer = send('secret');
      const { code, errors } = await failure(
        { text: { href: `http://${host}:${port}/` } },
        { ALLOW_PRIVATE_REFERENCES: 'false' },
      );
      expect(code).toBe('reference-unavailable');
      expect(errors['/inputs/text']).toBe(
        'refers to something that leads to an address that this service does not connect to',
      );
      expect(requests).toEqual([]);
    },
  );

  it('does not connect to a host name that does not exist', async () => {
    const { errors } = await failure({ text: { href: 'http://no-such-host.invalid/' } });
    expect(errors['/inputs/text']).toMatch(/cannot be found/);
  });

  it.each([
    ['an announced length', send(ZEROS.subarray(0, 2 * MIB))],
    [
      'an endless body',
      (_: unknown, response: Parameters<RequestListener>[1]) => {
        const write = (): void => {
          while (!response.destroyed && response.write(ZEROS.subarray(0, 65_536)));
        };
        response.on('drain', write);
        write();
      },
    ],
    ['a gzip bomb', send(gzipSync(ZEROS), { 'content-encoding': 'gzip' })],
    ['a brotli bomb', send(brotliCompressSync(ZEROS), { 'content-encoding': 'br' })],
    ['a bomb in a bomb', send(gzipSync(gzipSync(ZEROS)), { 'content-encoding': 'gzip, gzip' })],
  ] as [string, RequestListener][])('stops at MAX_REFERENCE: %s', async (_, listener) => {
    answer = listener;
    const { code, errors } = await failure({ file: { href: origin } }, { MAX_REFERENCE: '1MiB' });
    expect([code, errors['/inputs/file']]).toEqual(['reference-unavailable', expect.stringMatching(/larger/)]);
    expect(existsSync(directory)).toBe(false);
  });

  it('keeps no more text in memory than a request may carry', async () => {
    answer = send(gzipSync(Buffer.concat([ZEROS, ZEROS.subarray(0, 1)])), { 'content-encoding': 'gzip' });
    expect((await failure({ text: { href: origin } })).errors['/inputs/text']).toMatch(/larger/);
  });

  it.each([
    ['before the head', () => undefined],
    ['in the body', (_: unknown, response: Parameters<RequestListener>[1]) => void response.write('start')],
    [
      'one byte at a time',
      (_: unknown, response: Parameters<RequestListener>[1]) => {
        const timer = setInterval(() => response.write('.'), 20);
        response.on('close', () => clearInterval(timer));
      },
    ],
  ] as [string, RequestListener][])('gives a slow server up after REFERENCE_TIMEOUT: %s', async (_, listener) => {
    answer = listener;
    const { code, errors } = await failure({ file: { href: origin } }, { REFERENCE_TIMEOUT: '300ms' });
    expect([code, errors['/inputs/file']]).toEqual(['reference-unavailable', expect.stringMatching(/in time/)]);
  });

  it.each([
    [
      'a status that is not 2xx',
      (_: unknown, response: Parameters<RequestListener>[1]) => response.writeHead(404).end(),
      /404/,
    ],
    ['a connection that breaks', (request: Parameters<RequestListener>[0]) => request.socket.destroy(), /reached/],
    [
      'a body that breaks off',
      (_: unknown, response: Parameters<RequestListener>[1]) => {
        response.writeHead(200, { 'content-length': '10' });
        response.write('abc', () => response.destroy());
      },
      /reached/,
    ],
    ['an encoding nobody asked for', send('x', { 'content-encoding': 'zstd' }), /encoding/],
    ['content that is not what its encoding says', send('x', { 'content-encoding': 'gzip' }), /encoding/],
    ['brotli that is none', send('no brotli at all', { 'content-encoding': 'br' }), /encoding/],
    ['gzip that breaks off', send(gzipSync('content').subarray(0, 12), { 'content-encoding': 'gzip' }), /encoding/],
  ] as [string, RequestListener, RegExp][])('reports %s', async (_, listener, reason) => {
    answer = listener;
    const { code, errors } = await failure({ file: { href: origin } });
    expect([code, errors['/inputs/file']]).toEqual(['reference-unavailable', expect.stringMatching(reason)]);
  });

  it('reports content of the wrong kind as the fault of the request', async () => {
    answer = send(Buffer.from([0xff, 0xfe, 0x00]), { 'content-type': 'text/plain' });
    expect(await failure({ object: { href: origin }, text: { href: origin }, xml: { href: origin } })).toEqual({
      code: 'invalid-parameter',
      errors: {
        '/inputs/object': expect.stringMatching(/not text/),
        '/inputs/text': expect.stringMatching(/not text/),
        '/inputs/xml': expect.stringMatching(/not text/),
      },
    });
    answer = send('{', { 'content-type': 'application/json' });
    expect((await failure({ object: { href: origin } })).errors).toEqual({ '/inputs/object': 'is not JSON' });
  });

  it.each<[string, Record<string, unknown>, string[]]>([
    ['a file that is not base64', { file: 'not base64!' }, ['/inputs/file']],
    ['an unknown input', { other: 1 }, ['/inputs/other']],
    ['a value that does not fit', { file: 'YQ==', number: 'x' }, ['/inputs/number']],
    ['too many occurrences', { numbers: [1, 2, 3, 4] }, ['/inputs/numbers']],
    [
      'all of that',
      { file: '*', other: 1, number: 'x', numbers: [] },
      ['/inputs/file', '/inputs/number', '/inputs/other'],
    ],
  ])('fetches nothing when the request is wrong elsewhere, with %s', async (_, wrong, pointers) => {
    answer = send('x');
    const { code, errors } = await failure({ text: { href: origin }, ...wrong });
    expect([code, Object.keys(errors).sort()]).toEqual(['invalid-parameter', pointers]);
    expect(requests).toEqual([]);
    expect(existsSync(directory)).toBe(false);
  });

  it('fetches nothing for an input with an occurrence that is wrong, or with too many of them', async () => {
    answer = send('1');
    const href = { href: origin };
    expect(Object.keys((await failure({ numbers: [1, 'a', href] })).errors)).toEqual(['/inputs/numbers/1']);
    expect(Object.keys((await failure({ numbers: [href, href, href, href] })).errors)).toEqual(['/inputs/numbers']);
    expect(requests).toEqual([]);
    expect(await resolve({ numbers: [1, href] })).toEqual({ numbers: [1, 1] });
  });

  it('names what was fetched and does not fit beside what cannot be fetched', async () => {
    answer = (request, response) => void response.writeHead(request.url === '/gone' ? 404 : 200).end('"x"');
    expect(await failure({ text: { href: `${origin}/gone` }, number: { href: origin } })).toEqual({
      code: 'invalid-parameter',
      errors: { '/inputs/text': expect.stringMatching(/404/), '/inputs/number': expect.stringMatching(/number/) },
    });
  });

  it('stops when the caller does', async () => {
    const caller = new AbortController();
    const reason = new Error('the client went away');
    answer = () => caller.abort(reason);
    await expect(resolve({ file: { href: origin } }, {}, caller.signal)).rejects.toBe(reason);
    expect(existsSync(directory)).toBe(false);
  });

  it('posts through the same guard, without following redirects', async () => {
    const open = new GuardedFetch(new AddressPolicy(Settings.parse({ ALLOW_PRIVATE_REFERENCES: 'true' })));
    const closed = new GuardedFetch(new AddressPolicy(Settings.parse({})));
    fetchers.push(open, closed);
    answer = (request, response) => {
      void text(request).then((body) => response.writeHead(303, { location: '/elsewhere' }).end(body));
    };
    const options = { method: 'POST', body: '{"a":1}', timeout: 10_000, maxBytes: 1024 } as const;
    const response = await open.fetch(origin, options);
    expect([response.status, await text(response.body)]).toEqual([303, '{"a":1}']);
    expect(requests).toHaveLength(1);
    await expect(closed.fetch(origin, options)).rejects.toMatchObject({ fault: 'address' });
    expect(requests).toHaveLength(1);
  });
});
