import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Client, type JobStatus } from '../harness/client.js';
import { expectProblem, OGC_PROBLEM, OWN_PROBLEM, pointersOf } from '../harness/problem.js';
import { Service } from '../harness/service.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

const RESULTS_PROFILE = 'https://www.opengis.net/def/profile/OGC/0/ogc-results';
const ASYNC = { prefer: 'respond-async' };
const LIST = [10, 20, 30];

jest.setTimeout(60_000);

describe('Execution features', () => {
  const directory = temporaryDirectory('e2e-features');
  const journal = join(directory.path, 'journal');
  let service: Service;
  let client: Client;
  let remote: Server;
  let remoteUrl: string;

  beforeAll(async () => {
    service = await Service.start({
      DATA_DIR: directory.path,
      PROCESS_MODULES: ['probe-processes.mjs', 'feature-processes.mjs']
        .map((f) => resolve('test/fixtures', f))
        .join(','),
      ALLOW_PRIVATE_REFERENCES: 'true',
      EXECUTOR_WARM: '0',
    });
    client = new Client(service.url());
    remote = createServer((_, reply) => reply.setHeader('content-type', 'text/plain').end('from afar'));
    remote.listen(0, '127.0.0.1');
    await once(remote, 'listening');
    remoteUrl = `http://127.0.0.1:${(remote.address() as AddressInfo).port}/value`;
  });
  afterAll(async () => {
    remote?.close();
    await service?.stop();
    directory.remove();
  });

  /** How often a process began under this note. */
  const starts = async (note: string): Promise<number> =>
    (await readFile(journal, 'utf8').catch(() => '')).split('\n').filter((line) => line === `start ${note}`).length;

  const monitorOf = (response: Response): string | undefined =>
    /<([^>]+)>; rel="monitor"/.exec(response.headers.get('link') ?? '')?.[1];

  /** A finished job of `assorted`. */
  const finished = async (body: Record<string, unknown> = {}): Promise<string> => {
    const response = await client.execute('assorted', body, ASYNC);
    expect(response.status).toBe(201);
    const { jobID } = (await response.json()) as JobStatus;
    await client.ended(jobID);
    return jobID;
  };

  describe('results, chosen', () => {
    let id: string;
    beforeAll(async () => {
      id = await finished({ outputs: { list: {}, text: {}, maybe: {} }, response: 'document' });
    });

    it('?outputs= returns the named outputs only (2.0 /req/core/job-results-param-outputs-response)', async () => {
      expect(await client.getJson(`/jobs/${id}/results?outputs=text`)).toEqual({ text: expect.anything() });
      expect(Object.keys(await client.getJson(`/jobs/${id}/results?outputs=text,list`))).toEqual(['text', 'list']);
      expect(Object.keys(await client.getJson(`/jobs/${id}/results?outputs=text&outputs=list`))).toEqual([
        'text',
        'list',
      ]);
    });

    it('?outputs= with an unknown, an empty, an unrequested or an absent id (2.0 /req/core/job-results-exception-no-such-output, job-results-exception/invalid-query-parameter-value)', async () => {
      const get = (outputs: string) => client.get(`/jobs/${id}/results?outputs=${outputs}`);
      await expectProblem(await get('text,none'), 400, `${OGC_PROBLEM}/no-such-output`);
      await expectProblem(await get('text,'), 400, `${OGC_PROBLEM}/invalid-query-parameter-value`);
      await expectProblem(await get('data'), 404, `${OGC_PROBLEM}/result-not-available`);
      expect(await (await get('maybe')).json()).toEqual({});
    });

    it('/results/{outputID}: the requested outputs, and no other (2.0 /req/core/job-result-op, process-execute-success-async-outputs)', async () => {
      expect(await client.getJson<unknown>(`/jobs/${id}/results/list`)).toEqual(LIST);
      await expectProblem(await client.get(`/jobs/${id}/results/data`), 404, `${OGC_PROBLEM}/result-not-available`);
      await expectProblem(await client.get(`/jobs/${id}/results/none`), 400, `${OGC_PROBLEM}/no-such-output`);
    });

    it('/results/{outputID}/{N}: one value, from 0 (2.0 /req/core/job-result-op-Nth)', async () => {
      expect(await client.getJson<unknown>(`/jobs/${id}/results/list/0`)).toBe(10);
      expect(await client.getJson<unknown>(`/jobs/${id}/results/list/2`)).toBe(30);
      expect(await (await client.get(`/jobs/${id}/results/text/0`)).text()).toBe('some text');
      for (const path of ['list/3', 'text/1', 'list/999999999999999', 'maybe/0']) {
        await expectProblem(
          await client.get(`/jobs/${id}/results/${path}`),
          404,
          `${OGC_PROBLEM}/result-not-available`,
        );
      }
      for (const path of ['list/-1', 'list/1.5', 'list/x', 'list/1e1']) {
        await expectProblem(
          await client.get(`/jobs/${id}/results/${path}`),
          400,
          `${OGC_PROBLEM}/InvalidParameterValue`,
        );
      }
    });

    it('profile=ogc-results: the document with a profile link, whatever the number of outputs and the request (2.0 /req/core/job-results-profile)', async () => {
      const raw = await finished({ outputs: { list: {} }, response: 'raw' });
      expect(await client.getJson<unknown>(`/jobs/${raw}/results`)).toEqual(LIST);
      for (const profile of [
        'ogc-results',
        encodeURIComponent(RESULTS_PROFILE),
        '[ogc:ogc-results]',
        'x,ogc-results',
      ]) {
        const response = await client.get(`/jobs/${raw}/results?profile=${profile}`);
        expect(response.headers.get('link')).toContain(`<${RESULTS_PROFILE}>; rel="profile"`);
        expect(await response.json()).toEqual({ list: LIST });
      }
      expect(await client.getJson<unknown>(`/jobs/${raw}/results?profile=unknown`)).toEqual(LIST);
    });

    it('profile=ogc-results on execution makes a request that does not tell follow 2.0', async () => {
      const path = `${client.base}/processes/assorted/execution?profile=ogc-results`;
      const response = await fetch(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ outputs: { list: {} } }),
      });
      expect(await response.json()).toEqual({ list: LIST });
    });

    it('answers a range outside an output with 416, as a problem document', async () => {
      const file = await client.submit('writer', { bytes: 10 });
      await client.ended(file);
      const response = await client.get(`/jobs/${file}/results/file`, { range: 'bytes=10-' });
      await expectProblem(response, 416, `${OWN_PROBLEM}/range-not-satisfiable`);
      expect(response.headers.get('content-range')).toBe('bytes */10');
    });

    it('answers HEAD wherever GET is, with the same length and no body (2.0 /rec/core/http-head)', async () => {
      for (const path of ['', '/list', '/list/0', '?outputs=text']) {
        const head = await fetch(`${client.base}/jobs/${id}/results${path}`, { method: 'HEAD' });
        const get = await client.get(`/jobs/${id}/results${path}`);
        expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([
          200,
          get.headers.get('content-length'),
          '',
        ]);
      }
    });
  });

  describe('outputs: {}', () => {
    it('synchronously: executes, and answers 204 with no body (2.0 /req/core/process-execute-success-sync-empty-outputs)', async () => {
      const inputs = { journal, note: 'empty outputs' };
      const response = await client.execute('assorted-bare', { inputs, outputs: {} });
      expect([response.status, await response.text(), response.headers.get('link')]).toEqual([204, '', null]);
      expect(await starts('empty outputs')).toBe(1);
    });

    it('asynchronously: a job without results (2.0 /req/core/process-execute-success-async-outputs-empty)', async () => {
      const id = await finished({ outputs: {} });
      for (const path of ['/results', '/results/list', '/results?outputs=list']) {
        await expectProblem(await client.get(`/jobs/${id}${path}`), 404, `${OGC_PROBLEM}/result-not-available`);
      }
      const { status, links } = await client.getJson<{ status: string; links: { href: string }[] }>(`/jobs/${id}`);
      expect(status).toBe('successful');
      expect(links.filter(({ href }) => href.endsWith('/results'))).toEqual([]);
    });
  });

  describe('Accept and jobs', () => {
    const json = { accept: 'application/json, application/problem+json' };

    it('a job at once is answered with its status, whatever Accept says of outputs; their format still counts', async () => {
      const body = { inputs: { bytes: 10 } };
      expect((await client.execute('writer', body, { ...json, ...ASYNC })).status).toBe(201);
      expect((await client.execute('writer', body, { ...json, prefer: 'wait=0' })).status).toBe(201);
      const outputs = { list: { format: { mediaType: 'image/png' } } };
      const named = await client.execute('assorted', { outputs }, { ...json, ...ASYNC });
      await expectProblem(named, 406, `${OWN_PROBLEM}/not-acceptable`);
    });

    it('an execution that may be answered with its results is refused where these are not acceptable', async () => {
      const body = { outputs: { list: {} } };
      for (const prefer of ['return=representation', 'wait=5']) {
        const response = await client.execute('assorted', body, { accept: 'image/png', prefer });
        await expectProblem(response, 406, `${OWN_PROBLEM}/not-acceptable`);
      }
    });
  });

  describe('numbers too large to be read', () => {
    it('are refused with their place, in a body and in a query', async () => {
      const response = await client.execute('assorted', '{"inputs":{"ms":1,"note":[1,-1e400]}}');
      expect(pointersOf(await expectProblem(response, 400, `${OWN_PROBLEM}/malformed-body`))).toEqual([
        '/inputs/note/1',
      ]);
      const query = await client.get('/processes/assorted/execution?ms=1e400');
      const problem = await expectProblem(query, 400, `${OGC_PROBLEM}/InvalidParameterValue`);
      expect(pointersOf(problem)).toEqual(['/inputs/ms']);
    });
  });

  describe('subscribers', () => {
    it('whose URL is too long, or names a host that is, are refused with 400, with and without a job', async () => {
      const host = Array.from({ length: 900 }, (_, index) => (index * 7_919).toString(36)).join('.');
      for (const successUri of [`http://${host}/done`, `http://a.example/${host}`]) {
        for (const headers of [{}, ASYNC]) {
          const response = await client.execute('assorted', { subscriber: { successUri } }, headers);
          const problem = await expectProblem(response, 400, `${OGC_PROBLEM}/InvalidParameterValue`);
          expect(pointersOf(problem)).toEqual(['/subscriber/successUri']);
        }
      }
    });
  });

  describe('Idempotency-Key', () => {
    const keyed = (key: string, body: unknown, headers: Record<string, string> = {}) =>
      client.execute('assorted', body, { 'idempotency-key': key, ...headers });

    it('leads a repeated asynchronous request to the same job, however it is written', async () => {
      const first = await keyed('async', '{"inputs":{"note":"k1","ms":1}}', ASYNC);
      const second = await keyed('async', '{ "inputs": { "ms": 1, "note": "k1" } }', ASYNC);
      expect([first.status, second.status]).toEqual([201, 201]);
      expect(second.headers.get('location')).toBe(first.headers.get('location'));
      expect(((await second.json()) as JobStatus).jobID).toBe(((await first.json()) as JobStatus).jobID);
    });

    it('executes once, however many equal requests come at the same time, and all get the same answer', async () => {
      for (const prefer of ['respond-async', 'return=representation', 'wait=60']) {
        const note = `race ${prefer}`;
        const body = { inputs: { journal, note, ms: 100 }, outputs: { list: {} } };
        const responses = await Promise.all(
          Array.from({ length: 12 }, () => keyed(note.replaceAll(' ', '-'), body, { prefer })),
        );
        const statuses = new Set(responses.map(({ status }) => status));
        expect([...statuses]).toEqual([prefer === 'respond-async' ? 201 : 200]);
        const jobs = new Set(responses.map(monitorOf));
        expect(jobs.size).toBe(1);
        await client.ended([...jobs][0]!.split('/').at(-1)!);
        expect(await starts(note)).toBe(1);
        if (prefer === 'respond-async') continue;
        for (const response of responses) expect(await response.json()).toEqual(LIST);
      }
    });

    it('repeats the results of a synchronous execution, also of a process that keeps no jobs', async () => {
      const body = { inputs: { journal, note: 'bare' }, outputs: { text: {} } };
      const answers: string[] = [];
      for (const accept of ['text/plain', 'text/plain', 'application/json']) {
        const response = await client.execute('assorted-bare', body, { 'idempotency-key': 'bare', accept });
        expect(monitorOf(response)).toBeDefined();
        answers.push(await response.text());
      }
      expect(answers).toEqual(['some text', 'some text', '"some text"']);
      expect(await starts('bare')).toBe(1);
    });

    it('leads to the same job in the other mode: asynchronously to its status, synchronously to its results', async () => {
      for (const [key, first, second] of [
        ['then-async', {}, ASYNC],
        ['then-sync', ASYNC, {}],
      ] as const) {
        const body = { inputs: { journal, note: key, ms: 50 }, outputs: { list: {} } };
        const answers = [await keyed(key, body, first), await keyed(key, body, second)];
        expect(answers.map(({ status }) => status)).toEqual(key === 'then-async' ? [200, 201] : [201, 200]);
        expect(monitorOf(answers[0])).toBeDefined();
        expect(monitorOf(answers[1])).toBe(monitorOf(answers[0]));
        const [sync, async] = key === 'then-async' ? answers : [...answers].reverse();
        expect(await sync.json()).toEqual(LIST);
        const { jobID } = (await async.json()) as JobStatus;
        expect(monitorOf(sync)).toMatch(new RegExp(`/jobs/${jobID}$`));
        expect((await client.ended(jobID)).status).toBe('successful');
        expect(await starts(key)).toBe(1);
      }
    });

    it('repeats a failure', async () => {
      const body = { inputs: { journal, note: 'failing', fail: 'No luck.' } };
      const failures = [await keyed('failing', body), await keyed('failing', body)];
      for (const response of failures) await expectProblem(response, 500, `${OWN_PROBLEM}/process-failed`);
      expect(monitorOf(failures[1])).toBe(monitorOf(failures[0]));
      expect(await starts('failing')).toBe(1);
    });

    it('refuses another request under the same key: other values, process or method', async () => {
      const body = { inputs: { note: 'first' } };
      expect((await keyed('taken', body, ASYNC)).status).toBe(201);
      const others = [
        keyed('taken', { inputs: { note: 'second' } }, ASYNC),
        client.execute('assorted-bare', body, { 'idempotency-key': 'taken', ...ASYNC }),
        client.get('/processes/assorted/execution?note=first', { 'idempotency-key': 'taken', ...ASYNC }),
      ];
      for (const other of others) await expectProblem(await other, 422, `${OWN_PROBLEM}/idempotency-key-reused`);
    });

    it('says so to a request that is only checked, too', async () => {
      const body = { inputs: { note: 'checked' } };
      const check = { prefer: 'validate-only' };
      expect((await keyed('checked', body, check)).status).toBe(200);
      expect((await keyed('checked', body)).status).toBe(200);
      expect((await keyed('checked', body, check)).status).toBe(200);
      const other = await keyed('checked', { inputs: { note: 'another' } }, check);
      await expectProblem(other, 422, `${OWN_PROBLEM}/idempotency-key-reused`);
    });

    it('is free again once its job is removed', async () => {
      const first = ((await (await keyed('freed', {}, ASYNC)).json()) as JobStatus).jobID;
      await client.ended(first);
      expect((await client.dismiss(first)).status).toBe(200);
      const second = await keyed('freed', { inputs: { note: 'other' } }, ASYNC);
      expect(second.status).toBe(201);
      expect(((await second.json()) as JobStatus).jobID).not.toBe(first);
    });

    it('is 1 to 255 visible ASCII characters, and not taken by a request that is wrong', async () => {
      for (const key of ['a b', 'x'.repeat(256), '']) {
        await expectProblem(await keyed(key, {}), 400, `${OWN_PROBLEM}/bad-request`);
      }
      await expectProblem(await keyed('wrong', { inputs: { ms: -1 } }), 400, `${OGC_PROBLEM}/InvalidParameterValue`);
      expect((await keyed('wrong', { outputs: { list: {} } })).status).toBe(200);
    });
  });

  describe('validation only', () => {
    const VALID = { valid: true, processID: 'assorted' };

    it.each<[string, string, Record<string, string>, string, string | null]>([
      [
        'a parameter of handling',
        '',
        { prefer: 'handling=strict; validate-only' },
        'sync',
        'handling=strict, validate-only',
      ],
      ['a preference', '', { prefer: 'validate-only, respond-async' }, 'async', 'validate-only'],
      ['a query parameter', '?validate=true', {}, 'sync', null],
    ])('as %s: 200, and nothing is executed', async (_, query, headers, mode, applied) => {
      const response = await fetch(`${client.base}/processes/assorted/execution${query}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ inputs: { journal, note: 'validated' } }),
      });
      expect([response.status, await response.json()]).toEqual([200, { ...VALID, mode }]);
      expect(response.headers.get('preference-applied')).toBe(applied);
      expect(response.headers.get('link')).toBeNull();
      expect(await starts('validated')).toBe(0);
    });

    it('answers the very problem that the execution would', async () => {
      const wrong = { inputs: { ms: -1, unknown: 1 } };
      const expected = await expectProblem(
        await client.execute('assorted', wrong),
        400,
        `${OGC_PROBLEM}/InvalidParameterValue`,
      );
      const response = await client.execute('assorted', wrong, { prefer: 'validate-only' });
      expect(await expectProblem(response, 400, `${OGC_PROBLEM}/InvalidParameterValue`)).toEqual(expected);
      expect(pointersOf(expected)).toEqual(['/inputs/ms', '/inputs/unknown']);
      const unacceptable = { prefer: 'validate-only', accept: 'image/png' };
      await expectProblem(
        await client.execute('hello-world', { inputs: { name: 'a' } }, unacceptable),
        406,
        `${OWN_PROBLEM}/not-acceptable`,
      );
      const maybe = await client.get('/processes/assorted/execution?validate=maybe');
      await expectProblem(maybe, 400, `${OGC_PROBLEM}/invalid-query-parameter-value`);
    });
  });

  describe('GET execution (2.0 class kvp-execute)', () => {
    const get = (query: string, headers: Record<string, string> = {}) =>
      client.get(`/processes/kinds/execution?received[include]=true&${query}`, headers);
    const received = async (query: string): Promise<unknown> => {
      const response = await get(query);
      const body: unknown = await response.json();
      expect({ status: response.status, body }).toEqual({ status: 200, body: expect.anything() });
      return body;
    };

    it.each<[string, string, Record<string, unknown>]>([
      ['string-input-value', 'text=a,b%20c', { text: 'a,b c' }],
      ['numeric-input-value', 'count=-5', { count: -5 }],
      ['boolean-input-value', 'flag=false', { flag: false }],
      ['complex-input-value', 'object=%7B%22a%22%3A%5B1%5D%7D', { object: { a: [1] } }],
      ['array-input-value', 'numbers=%5B1%2C2.5%5D', { numbers: [1, 2.5] }],
      ['binary-input-value', 'bytes=YWJj', { bytes: 'image/png abc' }],
      [
        'binary-input-value-qualified',
        'bytes[value]=YWJj&bytes[mediaType]=image/png&bytes[encoding]=base64',
        { bytes: 'image/png abc' },
      ],
      ['bbox-input-value', 'box=1,2,3,4', { box: { bbox: [1, 2, 3, 4] } }],
      [
        'bbox-crs-input-value',
        'box=1,2,3,4,5,6&box[crs]=http://www.opengis.net/def/crs/OGC/0/CRS84h',
        { box: { bbox: [1, 2, 3, 4, 5, 6], crs: 'http://www.opengis.net/def/crs/OGC/0/CRS84h' } },
      ],
      ['input-cardinality', 'words=a,b%2Cc&counts=1,2', { words: ['a', 'b,c'], counts: [1, 2] }],
      ['input-query-parameters', 'TEXT=a&Count=1', { text: 'a', count: 1 }],
    ])('/req/kvp-execute/%s: %s', async (_, query, inputs) => {
      expect(await received(query)).toEqual(inputs);
    });

    it('/req/kvp-execute/process-execute-op: executes, even without a query, and is not to be cached', async () => {
      const response = await client.get('/processes/assorted/execution');
      expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store']);
      expect(await response.json()).toMatchObject({ list: LIST });
      expect(monitorOf(response)).toBeDefined();
    });

    it('/req/kvp-execute/input-by-reference: input[href], and JSON links where an input may occur several times', async () => {
      const href = encodeURIComponent(remoteUrl);
      expect(await received(`text[href]=${href}&text[type]=text/plain`)).toEqual({ text: 'from afar' });
      const link = encodeURIComponent(JSON.stringify({ href: remoteUrl }));
      expect(await received(`words=near,${link}`)).toEqual({ words: ['near', 'from afar'] });
    });

    it('/req/kvp-execute/output and f-response: selects outputs and their media types', async () => {
      const path = '/processes/kinds/execution?text=hi&text[include]=true';
      expect(await (await client.get(`${path}&text[mediaType]=text/plain`)).text()).toBe('hi');
      expect(await (await client.get(`${path}&response[f]=text/plain`, { accept: 'application/json' })).text()).toBe(
        'hi',
      );
      expect(await (await client.get(`${path}&response[f]=json`)).json()).toBe('hi');
      await expectProblem(await client.get(`${path}&response[f]=image/png`), 406, `${OWN_PROBLEM}/not-acceptable`);
      expect(await (await client.get(`${path}&profile=ogc-results`)).json()).toEqual({ text: 'hi' });
    });

    it('/req/kvp-execute/prefer-response: response[prefer] acts like Prefer, apart from an input called response', async () => {
      const response = await get('response=x&response[prefer]=respond-async', { prefer: 'wait=30' });
      expect([response.status, response.headers.get('preference-applied')]).toEqual([200, 'wait=30']);
      const job = await get('response=x&response[prefer]=respond-async');
      expect([job.status, job.headers.get('cache-control')]).toEqual([201, 'no-store']);
      const { jobID } = (await job.json()) as JobStatus;
      await client.ended(jobID);
      expect(await client.getJson(`/jobs/${jobID}/results`)).toEqual({ response: 'x' });
    });

    it('names what is wrong with the query or the inputs', async () => {
      await expectProblem(await get('colour=red'), 400, `${OGC_PROBLEM}/invalid-query-parameter-value`);
      const problem = await expectProblem(
        await get('count=many&box=1,2,3'),
        400,
        `${OGC_PROBLEM}/InvalidParameterValue`,
      );
      expect(pointersOf(problem)).toEqual(['/inputs/box/bbox', '/inputs/count']);
      await expectProblem(await client.get('/processes/none/execution?a=b'), 404, `${OGC_PROBLEM}/no-such-process`);
    });

    it('HEAD checks the request and executes nothing', async () => {
      const head = (query: string) => fetch(`${client.base}/processes/assorted/execution?${query}`, { method: 'HEAD' });
      expect((await head(`journal=${encodeURIComponent(journal)}&note=head`)).status).toBe(200);
      expect((await head('ms=-1')).status).toBe(400);
      expect(await starts('head')).toBe(0);
    });
  });

  describe('Prefer: return, and Link', () => {
    const large = { inputs: { size: 300_000 }, outputs: { data: {}, list: {} }, response: 'document' };

    it('return=minimal links large outputs, return=representation sends them (2.0 /rec/core/process-execute-honor-prefer-return)', async () => {
      const minimal = await client.execute('assorted', large, { prefer: 'return=minimal' });
      expect(minimal.headers.get('preference-applied')).toBe('return=minimal');
      const linked = (await minimal.json()) as { data: { href: string }; list: unknown };
      expect(linked).toMatchObject({ data: { href: expect.stringMatching(/results\/data\?expires=/) }, list: LIST });
      expect(await (await fetch(linked.data.href)).json()).toMatchObject({ note: '' });
      const whole = await client.execute('assorted', large, { prefer: 'return=representation' });
      expect(whole.headers.get('preference-applied')).toBe('return=representation');
      expect(await whole.json()).toMatchObject({ data: { value: { note: '' } } });
    });

    it('claims return=minimal where the answer is small or could link what is large, and nowhere else', async () => {
      const minimal = { prefer: 'return=minimal' };
      const response = await client.execute('assorted-bare', large, minimal);
      expect([response.headers.get('preference-applied'), response.headers.get('link')]).toEqual([null, null]);
      const small = await client.execute('assorted-bare', { outputs: { list: {} } }, minimal);
      expect([small.headers.get('preference-applied'), await small.json()]).toEqual(['return=minimal', LIST]);
    });

    it('leads to the job a synchronous execution left: finished, failed or not yet (/req/core/job-results-success-sync)', async () => {
      const fine = await client.execute('assorted', { outputs: { list: {} } });
      const failed = await client.execute('assorted', { inputs: { fail: 'No luck.' } });
      const waiting = await client.execute('assorted', { inputs: { ms: 60_000 } }, { prefer: 'wait=1' });
      expect([fine.status, failed.status, waiting.status]).toEqual([200, 500, 201]);
      const statuses: string[] = [];
      for (const response of [fine, failed, waiting]) {
        statuses.push(((await (await fetch(monitorOf(response)!)).json()) as JobStatus).status);
      }
      expect(statuses).toEqual(['successful', 'failed', expect.stringMatching(/^(accepted|running)$/)]);
      await client.dismiss(monitorOf(waiting)!.split('/').at(-1)!);
    });

    it('says nothing of a job where none was kept', async () => {
      const fine = await client.execute('assorted-bare', { response: 'document' });
      const failed = await client.execute('assorted-bare', { inputs: { fail: 'No luck.' } });
      expect([fine.status, fine.headers.get('link')]).toEqual([200, null]);
      expect([failed.status, failed.headers.get('link')]).toEqual([500, null]);
    });

    it('keeps a job for outputs by reference, also of a process that keeps none (/req/core/process-execute-sync-raw-ref)', async () => {
      const outputs = { list: { transmissionMode: 'reference' } };
      const response = await client.execute('assorted-bare', { outputs, response: 'raw' });
      expect(response.status).toBe(204);
      const [, href] = /<([^>]+results\/list\?expires=[^>]+)>/.exec(response.headers.get('link') ?? '')!;
      expect(await (await fetch(href)).json()).toEqual(LIST);
      expect(monitorOf(response)).toBeDefined();
    });
  });

  describe('hostile requests get an answer below 500', () => {
    const post = async (body: string, headers: Record<string, string> = {}, query = '') => {
      const response = await fetch(`${client.base}/processes/assorted/execution${query}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body,
      });
      await response.arrayBuffer();
      return response.status;
    };
    const nested = (depth: number): string => '{"a":['.repeat(depth) + ']}'.repeat(depth);

    it('deep and wide bodies', async () => {
      const deep = nested(100_000);
      for (const body of [
        deep,
        `{"inputs":${deep}}`,
        `{"inputs":{"note":${deep}}}`,
        `{"inputs":{"note":{"value":${deep}}}}`,
        `{"outputs":{"list":{"format":${deep}}}}`,
        `{"subscriber":${deep}}`,
        `{"inputs":{${Array.from({ length: 200_000 }, (_, index) => `"i${index}":1`).join()}}}`,
        `{"outputs":{${Array.from({ length: 200_000 }, (_, index) => `"i${index}":1`).join()}}}`,
      ]) {
        expect(await post(body, { 'idempotency-key': 'hostile' })).toBe(400);
        expect(await post(body, { prefer: 'validate-only' })).toBeLessThan(500);
      }
      expect(await post(`{"inputs":{"fail":${deep}}}`)).toBe(400);
    });

    it('a list of many wrong values: the first hundred are named', async () => {
      const counts = Array.from({ length: 300_000 }, () => 'x');
      const response = await client.execute('kinds', { inputs: { counts } });
      const problem = await expectProblem(response, 400, `${OGC_PROBLEM}/InvalidParameterValue`);
      expect(problem.errors).toHaveLength(100);
    });

    it('odd headers and queries', async () => {
      const odd = [
        '"'.repeat(7_000),
        ','.repeat(7_000),
        ';q='.repeat(2_000),
        '*/*;profile="'.repeat(500),
        'a/b;q=2',
        '/',
      ];
      for (const value of odd) {
        const query = `?profile=${encodeURIComponent(value.slice(0, 2_000))}&profile=x`;
        expect(await post('{}', { accept: value, prefer: value }, query)).toBeLessThan(500);
        expect(await post('{"response":"document"}', { accept: value, prefer: value })).toBeLessThan(500);
      }
    });
  });
});

describe('DEFAULT_DIALECT=2.0', () => {
  const directory = temporaryDirectory('e2e-dialect');
  let service: Service;

  beforeAll(async () => {
    service = await Service.start({
      DATA_DIR: directory.path,
      DEFAULT_DIALECT: '2.0',
      PROCESS_MODULES: resolve('test/fixtures/feature-processes.mjs'),
      EXECUTOR_WARM: '0',
    });
  });
  afterAll(async () => {
    await service?.stop();
    directory.remove();
  });

  it('shapes the results of requests that do not tell; response and transmissionMode still mean 1.0', async () => {
    const client = new Client(service.url());
    const several = await client.execute('assorted-bare', {});
    expect(several.headers.get('content-type')).toBe('application/json');
    expect(several.headers.get('link')).toContain(RESULTS_PROFILE);
    expect(await several.json()).toMatchObject({ list: LIST });
    const raw = await client.execute('assorted-bare', { response: 'raw' });
    expect(raw.headers.get('content-type')).toMatch(/^multipart\/related/);
    await raw.arrayBuffer();
    const outputs = { list: { transmissionMode: 'value' }, data: {} };
    expect((await client.execute('assorted-bare', { outputs })).headers.get('content-type')).toMatch(
      /^multipart\/related/,
    );
  });
});
