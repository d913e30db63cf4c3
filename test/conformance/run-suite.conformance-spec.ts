import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Service } from '../harness/service.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';
import { Outpost } from './outpost.js';
import type { Requirement } from './requirement.js';
import { judge } from './run-suite.js';
import { ServerUnderTest } from './server-under-test.js';

jest.setTimeout(120_000);

describe('A verdict about another server', () => {
  let server: Server;
  let base: string;
  let answer: RequestListener;

  beforeEach(async () => {
    server = createServer((request, reply) => answer(request, reply)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => void server.close());

  const requirement = (check: Requirement['check']): Requirement => ({ version: '1.0', id: '/req/core/any', check });
  const execution = requirement(async (tested) => {
    (await tested.execute('p', { inputs: { file: 'AA==' } })).is(200);
  });

  it('is no failure when the process refused the content, which a job shows', async () => {
    answer = (_, reply) => reply.writeHead(400, { link: '</jobs/1>; rel="monitor"' }).end('{"detail":"no TIFF"}');
    const finding = await judge(new ServerUnderTest(base), execution);
    expect(finding).toMatchObject({ verdict: 'skipped', reason: expect.stringMatching(/content.*no TIFF/s) });
  });

  it.each([
    ['a refusal without a job', 400, {}],
    ['a fault of the server', 500, { link: '</jobs/1>; rel="monitor"' }],
  ])('is a failure after %s', async (_, status, headers) => {
    answer = (__, reply) => reply.writeHead(status, headers).end('{}');
    expect(await judge(new ServerUnderTest(base), execution)).toMatchObject({ verdict: 'failed' });
  });

  it('is no failure when the server never came to the tester, unless it surely can', async () => {
    answer = (_, reply) => reply.writeHead(400).end('{}');
    const reference = requirement(async (tested) => {
      const href = tested.outpost.offer('x', 'text/plain');
      (await tested.execute('p', { inputs: { file: { href } } })).is(200);
    });
    for (const [isCertain, verdict] of [
      [false, 'skipped'],
      [true, 'failed'],
    ] as const) {
      const outpost = await Outpost.open(undefined, isCertain);
      const tested = new ServerUnderTest(base, undefined, outpost);
      const finding = await judge(tested, reference);
      expect(finding.verdict).toBe(verdict);
      if (!isCertain) expect(finding.reason).toMatch(/--outpost.*ALLOW_PRIVATE_REFERENCES/);
      expect(await judge(tested, execution)).toMatchObject({ verdict: 'failed' });
      await outpost.close();
    }
  });

  it('names the URL and the cause when there is no answer', async () => {
    answer = (request) => request.socket.destroy();
    const { reason } = await judge(new ServerUnderTest(base), execution);
    expect(reason).toMatch(/^POST http:\/\/127\.0\.0\.1:\d+\/processes\/p\/execution had no answer: (?!fetch failed)./);
  });
});

describe('run.js --url', () => {
  it('finds no failure in this service with its default settings', async () => {
    const directory = temporaryDirectory('conformance-default');
    const service = await Service.start({ DATA_DIR: join(directory.path, 'data') });
    try {
      const { stdout } = await promisify(execFile)(process.execPath, [
        'dist/test/conformance/run.js',
        '--url',
        service.url(),
      ]);
      expect(stdout).toMatch(/ passed, 0 failed, /);
    } finally {
      await service.stop();
      directory.remove();
    }
  });
});
