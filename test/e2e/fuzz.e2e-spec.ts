import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import type { ProcessDescription } from '../conformance/ogc-documents.js';
import { requiredInputs } from '../conformance/sample-values.js';
import { eventually } from '../harness/backends.js';
import type { Client } from '../harness/client.js';
import { OwnService } from '../harness/own-service.js';
import {
  bodiesAt,
  type DescribedOperation,
  impatient,
  mutated,
  oddBody,
  oddHeaders,
  requestsAt,
  withRawNumbers,
} from '../harness/generated-requests.js';
import type { SchemaComponents } from '../harness/generated-bodies.js';
import { OpenApiContract } from '../harness/openapi-contract.js';
import { bytesOf, exchange, type RawAnswer, type RawRequest } from '../harness/raw-http.js';
import { RenewedResources } from '../harness/renewed-resources.js';
import { Seed } from '../harness/seed.js';

// Nothing a client sends gets a 5xx. `FAULT_SEED=<number>` repeats a run, `FUZZ_TIME=<seconds>` sets how long each
// property is tried.

const SEED = Seed.ofSuite().value;
const TIME = Number(process.env.FUZZ_TIME ?? 12) * 1_000;
/** Requests after which what they have deleted is made anew. */
const RENEWAL = 100;
/** Bytes of a body that may still be under way when the answer to its head is given. */
const LARGE = 16_384;
const METHODS = ['get', 'put', 'post', 'delete', 'patch'];

interface Definition {
  readonly paths: Record<
    string,
    Record<string, Pick<DescribedOperation, 'parameters'> & { requestBody?: Pick<DescribedOperation, 'content'> }>
  >;
  readonly components: { readonly schemas: SchemaComponents };
}

/** Beside the described routes: files of the documentation page. */
const ASSET: DescribedOperation = { method: 'GET', path: '/api/assets/{name}', parameters: [] };

jest.setTimeout(TIME + 120_000);

describe(`Generated requests (FAULT_SEED=${SEED})`, () => {
  const own = new OwnService('fuzz', { MAX_BODY: '32KiB', MAX_SUBSCRIPTIONS: '20', JOB_TIMEOUT: '20s' });
  let client: Client;
  let operations: DescribedOperation[];
  let processes: ProcessDescription[];
  let components: SchemaComponents;
  let resources: RenewedResources;
  let contract: OpenApiContract;

  beforeAll(async () => {
    client = await own.start();
    const definition = await client.getJson<Definition>('/api');
    components = definition.components.schemas;
    operations = Object.entries(definition.paths).flatMap(([path, item]) =>
      METHODS.filter((method) => method in item).map((method) => ({
        method: method.toUpperCase(),
        path,
        parameters: (item[method].parameters ?? []).filter(({ name }) => name !== undefined),
        content: item[method].requestBody?.content,
      })),
    );
    operations.push(ASSET);
    contract = (await OpenApiContract.of(client.base))!;
    const list = await client.getJson<{ processes: { id: string }[] }>('/processes?limit=100');
    processes = await Promise.all(
      list.processes.map(({ id }) => client.getJson<ProcessDescription>(`/processes/${id}`)),
    );
    resources = new RenewedResources(client);
    await resources.renew();
  });
  afterAll(() => own.stop());

  const ids = () => ({ ...RenewedResources.IDS, processid: processes.map(({ id }) => id) });
  const settings = () => ({ seed: SEED, numRuns: 1_000_000, interruptAfterTimeLimit: TIME });

  let count = 0;

  /** Sends a request and checks what holds for every answer. */
  async function send(generated: RawRequest): Promise<void> {
    if ((count += 1) % RENEWAL === 0) await resources.renew();
    const request = { ...generated, target: resources.named(generated.target) };
    const answer = await exchange(client.base, bytesOf(request, new URL(client.base).host));
    const isLarge = (request.body?.length ?? 0) > LARGE;
    if (answer === undefined && !isLarge) throw new Error('the connection was closed without an answer');
    // A connection that is reset while the body is under way takes the rest of the answer with it.
    const isCut = Number(answer?.headers.get('content-length') ?? 0) > (answer?.body.length ?? 0);
    if (answer === undefined || (isLarge && isCut)) return;
    checkAnswer(answer, request.method);
    await checkContract(answer, request);
  }

  /** Of a target that is read in one way only. */
  async function checkContract({ status, headers, body }: RawAnswer, request: RawRequest): Promise<void> {
    if (!/^(\/[\w-]+(\.[\w-]+)*)+(\?|$)/.test(request.target) || status === 206 || status === 431) return;
    const content = body.length === 0 ? null : new Uint8Array(body);
    const response = new Response(content, { status, headers: [...headers] });
    const fault = await contract.faultOf(request.method, request.target, response);
    if (fault !== undefined) throw new Error(fault);
  }

  const tally = new Map<number, number>();

  function checkAnswer({ status, headers, body }: RawAnswer, method: string): void {
    tally.set(status, (tally.get(status) ?? 0) + 1);
    const shown = `${status} ${body.subarray(0, 300).toString()}`;
    if (status >= 500) throw new Error(`answered ${shown}`);
    // Of a request that could not be parsed, the server does not know that it was HEAD.
    const isUnparsed = status === 400 || status === 431;
    if (method === 'HEAD' && body.length > 0 && !isUnparsed) throw new Error(`an answer to HEAD has a body: ${shown}`);
    if (method === 'HEAD' && body.length === 0) return;
    const mediaType = headers.get('content-type') ?? '';
    if (status >= 400) {
      if (!/^application\/(problem\+)?json$/.test(mediaType))
        throw new Error(`no problem document: ${mediaType} ${shown}`);
      const problem = JSON.parse(body.toString('utf8')) as { type: string; title: string; status: number };
      if (problem.status !== status || !problem.type || !problem.title) throw new Error(`not a problem: ${shown}`);
      if (status === 405 && !headers.get('allow')) throw new Error(`405 without Allow: ${shown}`);
    } else if (/^application\/(\w+\+)?json/.test(mediaType) && status !== 206) JSON.parse(body.toString('utf8'));
  }

  it('at every route: a sound answer or a problem document, never a 5xx', async () => {
    await fc.assert(fc.asyncProperty(requestsAt(operations, ids()), send), settings());
  });

  it('at every route that reads a body: described and mutated ones get no 5xx', async () => {
    await fc.assert(fc.asyncProperty(bodiesAt(operations, ids(), components), send), settings());
  });

  it('executions with mutated bodies: results, a job, or a problem document, never a 5xx', async () => {
    const requests = fc.constantFrom(...processes).chain((description) => {
      const inputs = requiredInputs(description) ?? {};
      const outputs = Object.fromEntries(
        Object.keys(description.outputs ?? {}).map((id) => [id, { format: {}, transmissionMode: 'value' }]),
      );
      const subscriber = { successUri: 'http://127.0.0.1:9/s', failedUri: 'http://127.0.0.1:9/f' };
      const whole = { inputs, outputs, response: 'document', subscriber };
      const body = fc.constantFrom<object>({ inputs }, { inputs, outputs }, whole).chain(mutated);
      const bytes = fc.oneof(
        {
          weight: 8,
          arbitrary: body.chain((value) => withRawNumbers(impatient(value))).map((text) => Buffer.from(text)),
        },
        oddBody,
      );
      return fc.tuple(bytes, oddHeaders, fc.boolean()).map(([content, headers, isAsync]): RawRequest => {
        const hasType = headers.some(([name]) => name === 'Content-Type');
        const isPlain = !headers.some(([name]) => name === 'Prefer');
        const prefer = isAsync && isPlain ? [['Prefer', 'respond-async'] as const] : [];
        const type = hasType ? [] : [['Content-Type', 'application/json'] as const];
        return {
          method: 'POST',
          target: `/processes/${description.id}/execution`,
          headers: [...headers, ...type, ...prefer],
          body: content,
        };
      });
    });
    await fc.assert(fc.asyncProperty(requests, send), settings());
  });

  it('bytes that are no request: 4xx with a problem document, or a closed connection', async () => {
    const head = fc.constantFrom(
      'GET / HTTP/1.1\r\n',
      'GET  / HTTP/9.9\r\n',
      'G\u0000T / HTTP/1.1\r\n',
      'CONNECT a:1 HTTP/1.1\r\n',
      'POST /processes/echo/execution HTTP/1.1\r\nContent-Type: application/json\r\n',
      '',
    );
    const odd = fc.constantFrom(
      'Host: a\r\nHost: b\r\n',
      'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n',
      'Content-Length: -1\r\n',
      'Transfer-Encoding: chunked\r\n\r\nzz\r\n',
      ': x\r\n',
      'a b: c\r\n',
      `X: ${'x'.repeat(100_000)}\r\n`,
      'Content-Length: 10\r\n\r\n{}',
      '\r\n\r\n',
    );
    const text = fc
      .tuple(head, fc.array(odd, { maxLength: 3 }), fc.constantFrom('', '\r\n', '\r\n\r\n'))
      .map((parts) => Buffer.from(parts.flat().join('')));
    const bytes = fc.oneof(
      text,
      fc.uint8Array({ minLength: 1, maxLength: 500 }).map((data) => Buffer.from(data)),
    );
    const check = async (content: Buffer) => {
      const answer = await exchange(client.base, content, 200);
      if (answer !== undefined) checkAnswer(answer, content.toString('latin1').split(' ', 1)[0]);
    };
    await fc.assert(fc.asyncProperty(bytes, check), { ...settings(), interruptAfterTimeLimit: TIME / 3 });
  });

  it('reach what lies behind the checks of a request, and the checks', () => {
    const counts = [...tally].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
    process.stderr.write(`answers by status: ${counts.join(', ')}\n`);
    const seen = [...tally.keys()];
    expect(seen).toEqual(expect.arrayContaining([200, 201, 400, 404, 405, 406, 409, 413, 415]));
    expect(seen.some((status) => status === 414 || status === 431)).toBe(true);
  });

  it('leave a service that is alive, ready, without stuck jobs and without errors in its log', async () => {
    expect(own.process.running).toBe(true);
    expect((await client.get('/health/ready')).status).toBe(200);
    const ended = async () => {
      const { jobs: open } = await client.getJson<{ jobs: unknown[] }>('/jobs?status=accepted,running&limit=1');
      return open.length === 0 ? true : undefined;
    };
    await eventually(ended, 'every job has ended', 90_000);
    expect(own.process.lines.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
    expect(own.process.errors).toBe('');
    expect(
      (await client.execute('echo', { inputs: { stringInput: 'well' }, outputs: { stringInput: {} } })).status,
    ).toBe(200);
  });
});
