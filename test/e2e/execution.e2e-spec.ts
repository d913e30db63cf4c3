import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Polygon, Position } from 'geojson';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { eventually } from '../harness/backends.js';
import type { Client, JobStatus } from '../harness/client.js';
import { OwnService, PROBES } from '../harness/own-service.js';
import { expectProblem, OGC_PROBLEM, OWN_PROBLEM, pointersOf } from '../harness/problem.js';

const INVALID = `${OGC_PROBLEM}/InvalidParameterValue`;
const RESULTS_REL = 'http://www.opengis.net/def/rel/ogc/1.0/results';

const ECHO_INPUTS = {
  stringInput: 'tides & currents "grün" 🦑',
  mixedInput: { value: { a: [1, { b: null }] } },
  arrayInput: [3, 1, 2],
  bboxInput: { bbox: [5.5, 50.25, 7, 53], crs: 'http://www.opengis.net/def/crs/OGC/1.3/CRS84' },
  xmlInput: '<?xml version="1.0"?><a b="1">ü</a>',
  pause: 0,
};

/** Values come back bare; objects and texts with a media type of their own are qualified (results.yaml). */
const ECHO_RESULTS = {
  ...ECHO_INPUTS,
  xmlInput: { value: ECHO_INPUTS.xmlInput, mediaType: 'application/xml' },
};

/** Metres between close positions, on a sphere of the mean radius of the Earth. */
function metres([lon1, lat1]: Position, [lon2, lat2]: Position): number {
  const rad = Math.PI / 180;
  const x = (lon2 - lon1) * rad * Math.cos(((lat1 + lat2) / 2) * rad);
  return 6_371_009 * Math.hypot(x, (lat2 - lat1) * rad);
}

/** The parts of a multipart/related body by their Content-ID (RFC 2387). */
async function partsOf(response: Response): Promise<Record<string, { headers: Headers; body: string }>> {
  const [, boundary] = /^multipart\/related;.*boundary="([^"]+)"/.exec(response.headers.get('content-type')!)!;
  const pieces = (await response.text()).split(`--${boundary}`);
  expect([pieces[0], pieces.at(-1)]).toEqual(['', '--\r\n']);
  const parts = pieces.slice(1, -1).map((piece) => {
    const [head, ...body] = piece.replace(/^\r\n|\r\n$/g, '').split('\r\n\r\n');
    const headers = new Headers(head.split('\r\n').map((line) => line.split(/: (.*)/, 2) as [string, string]));
    return [headers.get('content-id')!, { headers, body: body.join('\r\n\r\n') }] as const;
  });
  return Object.fromEntries(parts);
}

/** URLs of the Link headers of a relation. */
function linkHeaders(response: Response, rel: string): string[] {
  return [...(response.headers.get('link') ?? '').matchAll(/<([^>]+)>((?:;\s*\w+="[^"]*")*)/g)]
    .filter(([, , parameters]) => parameters.includes(`rel="${rel}"`))
    .map(([, url]) => url);
}

describe('Execution', () => {
  const own = new OwnService('e2e-execution', { ...PROBES, MAX_BODY: '1MiB', CANCEL_GRACE: '1s' });
  let client: Client;

  beforeAll(async () => {
    client = await own.start();
  }, 60_000);
  afterAll(() => own.stop(), 60_000);

  /** The job that was created last. */
  async function newestJob(): Promise<string | undefined> {
    const { jobs } = await client.getJson<{ jobs: JobStatus[] }>('/jobs?limit=1');
    return jobs[0]?.jobID;
  }

  /** The results document of an asynchronous execution. */
  async function resultsOf(jobId: string): Promise<Record<string, unknown>> {
    expect(await client.ended(jobId)).toMatchObject({ status: 'successful', progress: 100 });
    return client.getJson(`/jobs/${jobId}/results`);
  }

  describe('the built-in processes, synchronously and asynchronously', () => {
    const point = { type: 'Point', coordinates: [10, 60] };
    it.each<[string, Record<string, unknown>, (results: Record<string, unknown>) => void]>([
      [
        'hello-world',
        { name: 'Ada', message: 'Welcome.' },
        (results) => expect(results).toEqual({ result: 'Hello Ada! Welcome.' }),
      ],
      [
        'simple-flow',
        { name: 'Ada', message: 'Welcome.' },
        (results) => expect(results).toEqual({ result: 'Hello Ada! Welcome.' }),
      ],
      ['echo', ECHO_INPUTS, (results) => expect(results).toEqual(ECHO_RESULTS)],
      [
        'buffer',
        { geometry: { value: point }, distance: 1_000, steps: 16 },
        ({ result }) => {
          const { value, mediaType } = result as { value: Polygon; mediaType: string };
          expect(mediaType).toBe('application/geo+json');
          const [ring, ...holes] = value.coordinates;
          expect(holes).toEqual([]);
          expect(ring).toHaveLength(4 * 16 + 1);
          expect(ring[0]).toEqual(ring.at(-1));
          for (const position of ring)
            expect(Math.abs(metres(point.coordinates, position) - 1_000)).toBeLessThanOrEqual(2);
        },
      ],
    ])('%s gives the same right results', async (id, inputs, check) => {
      const body = { inputs, response: 'document' };
      const sync = await client.execute(id, body);
      expect([sync.status, sync.headers.get('content-type')]).toEqual([200, 'application/json']);
      const results = (await sync.json()) as Record<string, unknown>;
      check(results);

      const async = await client.execute(id, body, { prefer: 'respond-async' });
      expect([async.status, async.headers.get('preference-applied')]).toEqual([201, 'respond-async']);
      const job = (await async.json()) as JobStatus;
      expect(async.headers.get('location')).toBe(`${client.base}/jobs/${job.jobID}`);
      expect(await resultsOf(job.jobID)).toEqual(results);
    });

    it('echo pauses, shows progress and is dismissed', async () => {
      const id = await client.submit('echo', { stringInput: 'x', pause: 60 });
      const running = await client.until(id, ['running']);
      expect(running.state).toEqual({ type: 'RUNNING', name: 'Running' });
      const dismissed = await client.dismiss(id);
      expect([dismissed.status, await dismissed.json()]).toEqual([
        200,
        expect.objectContaining({ jobID: id, status: 'dismissed' }),
      ]);
      expect((await client.status(id)).status).toBe('dismissed');
    });

    it('echo waits the seconds it is asked for, and says so in its progress', async () => {
      const id = await client.submit('echo', { stringInput: 'x', pause: 2 });
      expect(await client.ended(id)).toMatchObject({ status: 'successful', message: 'Waited', progress: 100 });
      const job = await client.getJson<Record<string, string>>(`/jobs/${id}`);
      expect(Date.parse(job.finished) - Date.parse(job.started)).toBeGreaterThanOrEqual(1_900);
    });
  });

  describe('forms of inputs', () => {
    it.each([
      ['bare and qualified strings', { stringInput: { value: 'a' } }, { stringInput: 'a' }],
      ['a string for oneOf string or object', { stringInput: '', mixedInput: 'text' }, { mixedInput: 'text' }],
      ['a qualified array', { stringInput: '', arrayInput: { value: [7] } }, { arrayInput: [7] }],
      [
        'XML with its media type',
        { stringInput: '', xmlInput: { value: '<a/>', mediaType: 'application/xml' } },
        { xmlInput: { value: '<a/>', mediaType: 'application/xml' } },
      ],
      [
        'base64 of XML',
        { stringInput: '', xmlInput: { value: Buffer.from('<ä/>').toString('base64'), encoding: 'base64' } },
        { xmlInput: { value: '<ä/>', mediaType: 'application/xml' } },
      ],
      ['a bounding box with heights', { stringInput: '', bboxInput: { bbox: [1, 2, 3, 4, 5, 6] } }, {}],
    ])('accepts %s (/req/core/process-execute-inputs)', async (_, inputs, expected) => {
      const response = await client.execute('echo', { inputs, response: 'document' });
      expect([response.status, await response.json()]).toEqual([200, expect.objectContaining(expected)]);
    });

    it('refuses references to this machine by default, without a request to it', async () => {
      let requests = 0;
      const server: Server = createServer((_request, response) => {
        requests += 1;
        response.end('"secret"');
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      try {
        for (const host of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]', '2130706433']) {
          const inputs = { stringInput: { href: `http://${host}:${port}/secret` } };
          const problem = await expectProblem(
            await client.execute('echo', { inputs }),
            400,
            `${OWN_PROBLEM}/reference-unavailable`,
          );
          expect(pointersOf(problem)).toEqual(['/inputs/stringInput']);
          expect(JSON.stringify(problem)).not.toContain('secret"');
        }
        expect(requests).toBe(0);
      } finally {
        server.close();
      }
    });
  });

  describe('responses', () => {
    it('raw, one output by value: the bare output in its media type (/req/core/process-execute-sync-raw-value-one)', async () => {
      const response = await client.execute('hello-world', { inputs: { name: 'Ada' } });
      expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
        200,
        'text/plain; charset=utf-8',
        'Hello Ada!',
      ]);
      const xml = await client.execute('echo', {
        inputs: { stringInput: '', xmlInput: '<ä/>' },
        outputs: { xmlInput: {} },
      });
      expect([xml.headers.get('content-type'), await xml.text()]).toEqual(['application/xml', '<ä/>']);
    });

    it('raw, several outputs by value: multipart/related (/req/core/process-execute-sync-raw-value-multi)', async () => {
      const response = await client.execute('echo', { inputs: ECHO_INPUTS, response: 'raw' });
      expect(response.status).toBe(200);
      const parts = await partsOf(response);
      expect(Object.keys(parts).sort()).toEqual(Object.keys(ECHO_INPUTS).sort());
      expect(JSON.parse(parts.stringInput.body)).toBe(ECHO_INPUTS.stringInput);
      expect(JSON.parse(parts.arrayInput.body)).toEqual([3, 1, 2]);
      expect(JSON.parse(parts.bboxInput.body)).toEqual(ECHO_INPUTS.bboxInput);
      expect([parts.xmlInput.headers.get('content-type'), parts.xmlInput.body]).toEqual([
        'application/xml',
        ECHO_INPUTS.xmlInput,
      ]);
    });

    it('document: results.yaml with the requested outputs only (/req/core/process-execute-sync-document)', async () => {
      const outputs = { arrayInput: {}, stringInput: {} };
      const response = await client.execute('echo', { inputs: ECHO_INPUTS, outputs, response: 'document' });
      expect(await response.json()).toEqual({ arrayInput: [3, 1, 2], stringInput: ECHO_INPUTS.stringInput });
    });

    it('raw, by reference: 204 with a Link per output that leads to it, kept in a job (/req/core/process-execute-sync-raw-ref)', async () => {
      const outputs = { result: { transmissionMode: 'reference' } };
      for (const prefer of ['', 'respond-async']) {
        let response = await client.execute('simple-flow', { inputs: { name: 'Ada' }, outputs }, { prefer });
        if (prefer !== '') {
          const { jobID } = (await response.json()) as JobStatus;
          await client.ended(jobID);
          response = await client.get(`/jobs/${jobID}/results`);
        }
        expect([response.status, await response.text()]).toEqual([204, '']);
        const [url, ...more] = linkHeaders(response, RESULTS_REL);
        expect(more).toEqual([]);
        expect(await (await fetch(url)).text()).toBe('Hello Ada!');
      }
    });

    it('raw, mixed transmission, from a job: empty parts with Content-Location for references (/req/core/job-results-async-raw-mixed-multi)', async () => {
      const outputs = { stringInput: { transmissionMode: 'value' }, arrayInput: { transmissionMode: 'reference' } };
      const submitted = await client.execute(
        'echo',
        { inputs: ECHO_INPUTS, outputs },
        { prefer: 'respond-async', accept: '*/*' },
      );
      const { jobID } = (await submitted.json()) as JobStatus;
      await client.ended(jobID);
      const parts = await partsOf(await client.get(`/jobs/${jobID}/results`));
      expect(Object.keys(parts)).toEqual(['stringInput', 'arrayInput']);
      expect(JSON.parse(parts.stringInput.body)).toBe(ECHO_INPUTS.stringInput);
      expect(parts.arrayInput.body).toBe('');
      const location = parts.arrayInput.headers.get('content-location')!;
      expect(location).toContain(`${client.base}/jobs/${jobID}/results/arrayInput?expires=`);
      expect(await (await fetch(location)).json()).toEqual([3, 1, 2]);
    });

    it('results of a job take the form of its request (/req/core/job-results-async-raw-value-one, /req/core/job-results-async-raw-value-multi)', async () => {
      const one = await client.submit('hello-world', { name: 'Ada' });
      await client.ended(one);
      const bare = await client.get(`/jobs/${one}/results`);
      expect([bare.headers.get('content-type'), await bare.text()]).toEqual([
        'text/plain; charset=utf-8',
        'Hello Ada!',
      ]);
      const several = await client.submit('echo', { stringInput: 'a', arrayInput: [1] });
      await client.ended(several);
      const parts = await partsOf(await client.get(`/jobs/${several}/results`));
      expect(Object.values(parts).map(({ body }) => body)).toEqual(['"a"', '[1]']);
    });

    it('sends GeoJSON as what its description says it is, also among alternatives', async () => {
      const inputs = { geometry: { value: { type: 'Point', coordinates: [0, 0] } }, distance: 5 };
      const response = await client.execute('buffer', { inputs });
      expect(response.headers.get('content-type')).toBe('application/geo+json');
      expect(await response.json()).toMatchObject({ type: 'Polygon' });
    });

    it('answers 406 before anything runs when the output is not to be had as Accept wants', async () => {
      const before = await newestJob();
      const response = await client.execute('simple-flow', { inputs: { name: 'Ada' } }, { accept: 'image/png' });
      await expectProblem(response, 406, `${OWN_PROBLEM}/not-acceptable`);
      expect(await newestJob()).toBe(before);
    });
  });

  describe('modes (/req/core/process-execute-default-execution-mode, process-execute-auto-execution-mode, /rec/core/process-execute-preference-applied)', () => {
    it.each([
      ['hello-world', undefined, 200, null],
      ['hello-world', 'respond-async', 201, 'respond-async'],
      ['hello-world', ' RESPOND-Async ', 201, 'respond-async'],
      ['hello-world', 'handling=lenient ,\trespond-async; x="a, b"', 201, 'respond-async'],
      ['hello-world', 'foo="respond-async"', 200, null],
      ['hello-world', 'respond-async=false', 200, null],
      ['hello-world', 'wait=60', 200, 'wait=60'],
      ['hello-world', 'Wait = "60"', 200, 'wait=60'],
      ['hello-world', 'respond-async, wait=60', 200, 'wait=60'],
      ['hello-world', 'respond-async, wait=0', 201, 'respond-async, wait=0'],
      ['hello-world', 'wait=0', 201, 'wait=0'],
      ['hello-world', 'wait=soon', 200, null],
      ['hello-world', ',,;"', 200, null],
      ['sync-only', undefined, 200, null],
      ['sync-only', 'respond-async', 200, null],
      ['sync-only', 'wait=1', 200, null],
      ['async-only', undefined, 201, null],
      ['async-only', 'respond-async', 201, 'respond-async'],
      ['async-only', 'wait=5', 201, null],
    ])('%s with Prefer: %j is answered %i, Preference-Applied: %j', async (id, prefer, status, applied) => {
      const inputs = id === 'hello-world' ? { name: 'Ada' } : {};
      const response = await client.execute(id, { inputs }, prefer === undefined ? {} : { prefer });
      expect([response.status, response.headers.get('preference-applied')]).toEqual([status, applied]);
      expect(response.headers.has('location')).toBe(status === 201);
      await response.text();
    });

    it('several Prefer header lines count as one list (RFC 7240 section 2)', async () => {
      const headers = new Headers({ 'content-type': 'application/json' });
      headers.append('prefer', 'return=minimal');
      headers.append('prefer', 'respond-async');
      const body = JSON.stringify({ inputs: { name: 'Ada' } });
      const response = await fetch(`${client.base}/processes/hello-world/execution`, { method: 'POST', headers, body });
      expect(response.status).toBe(201);
      await response.text();
    });

    it('wait=1 turns into a job when the execution takes longer; it goes on', async () => {
      const inputs = { stringInput: 'slow', pause: 3 };
      for (const prefer of ['wait=1', 'respond-async, wait=1']) {
        const response = await client.execute('echo', { inputs, response: 'document' }, { prefer });
        expect([response.status, response.headers.get('preference-applied')]).toEqual([201, prefer]);
        const job = (await response.json()) as JobStatus;
        expect(job.status).toBe('running');
        expect(await resultsOf(job.jobID)).toEqual({ stringInput: 'slow', pause: 3 });
      }
    });

    it.each(['hello-world', 'simple-flow'])(
      'a synchronous execution of %s leaves a job, linked as monitor (/req/core/job-results-success-sync)',
      async (id) => {
        const response = await client.execute(id, { inputs: { name: 'Ada' } });
        await response.text();
        const [monitor, ...more] = linkHeaders(response, 'monitor');
        expect(more).toEqual([]);
        expect(await (await fetch(monitor)).json()).toMatchObject({ processID: id, status: 'successful' });
        expect(await (await fetch(`${monitor}/results`)).text()).toBe('Hello Ada!');
      },
    );

    it.each(['echo', 'noop-bare', 'noop-child-bare'])(
      'a synchronous execution of %s, with syncJobs false, leaves no job and no monitor link',
      async (id) => {
        const before = await newestJob();
        const response = await client.execute(id, { inputs: id === 'echo' ? { stringInput: 'x' } : {} });
        expect([response.status, response.headers.get('link')]).toEqual([200, null]);
        await response.text();
        expect(await newestJob()).toBe(before);
      },
    );
  });

  describe('wrong requests create no job', () => {
    let before: string | undefined;
    beforeAll(async () => {
      before = await newestJob();
    });
    afterAll(async () => expect(await newestJob()).toBe(before));

    it('names all violations of the inputs at once, by JSON pointers (/req/core/process-execute-input-validation)', async () => {
      const inputs = { arrayInput: [1, 'two', 2.5], mixedInput: 7, bboxInput: { bbox: [1, 2] }, pause: 61, 'a/b~': 1 };
      for (const prefer of ['', 'respond-async']) {
        const problem = await expectProblem(await client.execute('echo', { inputs }, { prefer }), 400, INVALID);
        expect(new Set(pointersOf(problem))).toEqual(
          new Set([
            '/inputs/a~1b~0',
            '/inputs/arrayInput/1',
            '/inputs/arrayInput/2',
            '/inputs/bboxInput/bbox',
            '/inputs/mixedInput',
            '/inputs/pause',
            '/inputs/stringInput',
          ]),
        );
        expect(problem.errors!.every(({ detail }) => detail.length > 0)).toBe(true);
      }
    });

    it('names all violations of the request structure at once', async () => {
      const body = {
        inputs: { name: 'Ada' },
        outputs: { nothing: {}, result: { transmissionMode: 'carrier-pigeon' } },
        response: 'cooked',
        subscriber: { successUri: 'file:///etc/passwd' },
      };
      const problem = await expectProblem(await client.execute('hello-world', body), 400, INVALID);
      expect(pointersOf(problem)).toEqual([
        '/outputs/nothing',
        '/outputs/result/transmissionMode',
        '/response',
        '/subscriber/successUri',
      ]);
    });

    it.each([
      ['hello-world', {}, ['/inputs/name']],
      ['hello-world', { name: null }, ['/inputs/name']],
      ['hello-world', { name: ['Ada'] }, ['/inputs/name']],
      ['hello-world', { name: 'x'.repeat(1_001) }, ['/inputs/name']],
      ['simple-flow', { name: '' }, ['/inputs/name']],
      [
        'buffer',
        { geometry: { value: { type: 'Nothing' } }, distance: 'far' },
        ['/inputs/distance', '/inputs/geometry'],
      ],
      ['convert-raw-sonar', { rawFile: '*', outputType: 'hdf' }, ['/inputs/outputType', '/inputs/rawFile']],
    ])('%s refuses %j', async (id, inputs, pointers) => {
      const problem = await expectProblem(await client.execute(id, { inputs }), 400, INVALID);
      expect([...new Set(pointersOf(problem).map((pointer) => pointer.split('/').slice(0, 3).join('/')))]).toEqual(
        pointers,
      );
    });

    it.each(['{"inputs": {', '', '[1,]', '{"inputs": {"name": "\ud800', '{"__proto__": {"inputs": {}}}'])(
      'refuses the malformed JSON %j, or what it lacks',
      async (body) => {
        const response = await client.execute('hello-world', body);
        if (body === '') expect(pointersOf(await expectProblem(response, 400, INVALID))).toEqual(['/inputs/name']);
        else await expectProblem(response, 400, `${OWN_PROBLEM}/malformed-body`);
      },
    );

    it.each(['[]', '7', '"text"', 'true', 'null'])('refuses the body %s, which is no object', async (body) => {
      await expectProblem(await client.execute('hello-world', body), 400, INVALID);
    });

    it.each(['text/plain', 'application/xml', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])(
      'refuses a body of type %s (415)',
      async (type) => {
        const response = await client.execute('hello-world', '{"inputs":{"name":"Ada"}}', { 'content-type': type });
        await expectProblem(response, 415, `${OWN_PROBLEM}/unsupported-media-type`);
      },
    );

    it.each(['gzip', 'bogus'])(
      'refuses a body with the content coding %s (415, RFC 9110 section 8.4)',
      async (coding) => {
        const response = await client.execute('hello-world', '{"inputs":{"name":"Ada"}}', {
          'content-encoding': coding,
        });
        await expectProblem(response, 415, `${OWN_PROBLEM}/unsupported-media-type`);
      },
    );

    it('blames no database for a client that goes away within its request', async () => {
      const { hostname, port } = new URL(client.base);
      const socket = connect(Number(port), hostname).resume();
      const head = ['POST /processes/echo/execution HTTP/1.1', 'Host: a', 'Content-Type: application/json'];
      socket.end(`${[...head, 'Content-Length: 100'].join('\r\n')}\r\n\r\n{"inp`);
      await once(socket, 'close');
      // What the log says of a later request comes after what it says of this one.
      await client.get('/after-the-broken-one');
      await eventually(
        () => Promise.resolve(own.process.lines.find((line) => JSON.stringify(line).includes('after-the-broken-one'))),
        'the later request is in the log',
      );
      const said = own.process.lines.filter((line) => JSON.stringify(line).includes('database-unavailable'));
      expect(said).toEqual([]);
    });

    it('lets a client that goes on sending read the answer to a body that is too large', async () => {
      const { hostname, port } = new URL(client.base);
      const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
      const head = ['POST /processes/echo/execution HTTP/1.1', 'Host: a', 'Content-Type: application/json'];
      socket.write(`${[...head, 'Content-Length: 9000000'].join('\r\n')}\r\n\r\n{`);
      let answer = '';
      socket.on('data', (chunk) => (answer += chunk.toString()));
      await once(socket, 'end');
      expect(answer).toMatch(/^HTTP\/1\.1 413 [^]*POST \/uploads/);
      const closed = once(socket, 'close');
      for (let count = 0; count < 10; count += 1) socket.write(Buffer.alloc(100_000));
      socket.end();
      expect(await closed).toEqual([false]);
    });

    it('refuses a body above MAX_BODY (413), and takes one just below', async () => {
      const body = (size: number) => {
        const around = JSON.stringify({ outputs: { stringInput: {} }, inputs: { stringInput: '' } }).length;
        return { outputs: { stringInput: {} }, inputs: { stringInput: 'x'.repeat(size - around) } };
      };
      const tooLarge = await client.execute('echo', body(1024 * 1024 + 1));
      await expectProblem(tooLarge, 413, `${OWN_PROBLEM}/body-too-large`);
      const largest = body(1024 * 1024);
      const response = await client.execute('echo', largest);
      expect([response.status, await response.json()]).toEqual([200, largest.inputs.stringInput]);
    });

    it('answers an unknown process, whatever the body (/req/core/process-exception/no-such-process)', async () => {
      await expectProblem(await client.execute('nowhere', { inputs: {} }), 404, `${OGC_PROBLEM}/no-such-process`);
      await expectProblem(await client.execute('nowhere', { inputs: 7 }), 404, `${OGC_PROBLEM}/no-such-process`);
    });
  });
});
