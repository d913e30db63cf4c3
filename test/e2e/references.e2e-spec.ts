import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Client, JobStatus } from '../harness/client.js';
import { OwnService } from '../harness/own-service.js';
import { configuration, ping } from '../harness/ek60-generator.js';
import { expectProblem, OGC_PROBLEM, OWN_PROBLEM, pointersOf } from '../harness/problem.js';
import { Receiver } from '../harness/receiver.js';

jest.setTimeout(30_000);

describe('Inputs by reference, with ALLOW_PRIVATE_REFERENCES', () => {
  const own = new OwnService('e2e-references', {
    ALLOW_PRIVATE_REFERENCES: 'true',
    MAX_REFERENCE: '2MiB',
    REFERENCE_TIMEOUT: '5s',
  });
  let client: Client;
  let files: Server;
  let receiver: Receiver;
  let at: string;
  const fetched: string[] = [];

  const CONTENT: Record<string, { type: string; body: string | Buffer }> = {
    '/text.txt': { type: 'text/plain; charset=iso-8859-1', body: Buffer.from('gr\u00fcn', 'latin1') },
    '/list.json': { type: 'application/json', body: '[1, 2, 3]' },
    '/words.json': { type: 'application/json', body: '["one"]' },
    '/broken.json': { type: 'application/json', body: '[1, 2' },
    '/note.xml': { type: 'application/xml', body: '<note>ä</note>' },
    '/point.geojson': { type: 'application/geo+json', body: '{"type": "Point", "coordinates": [10, 60]}' },
    '/T1.raw': {
      type: 'application/octet-stream',
      body: Buffer.concat([configuration([{ frequency: 38_000 }]), ping({ channel: 1, power: [-256, -512, -1024] })]),
    },
    '/large.txt': { type: 'text/plain', body: 'x'.repeat(3 * 1024 * 1024) },
  };

  beforeAll(async () => {
    files = createServer((request, response) => {
      fetched.push(request.url!);
      if (request.url === '/moved') return void response.writeHead(302, { location: '/list.json' }).end();
      if (request.url === '/loop') return void response.writeHead(302, { location: '/loop' }).end();
      if (request.url === '/to-file') return void response.writeHead(302, { location: 'file:///etc/passwd' }).end();
      const content = CONTENT[request.url!];
      if (content === undefined) return void response.writeHead(404).end();
      response.writeHead(200, { 'content-type': content.type }).end(content.body);
    }).listen(0, '127.0.0.1');
    await once(files, 'listening');
    at = `http://127.0.0.1:${(files.address() as AddressInfo).port}`;
    receiver = await Receiver.start();
    client = await own.start();
  });
  afterAll(async () => {
    await own.stop();
    await receiver.down();
    files.close();
  });

  it('are fetched, decoded and validated like values (/req/core/process-execute-inputs B)', async () => {
    const inputs = {
      stringInput: { href: `${at}/text.txt`, type: 'text/plain; charset=iso-8859-1' },
      arrayInput: { href: `${at}/moved` },
      xmlInput: { href: `${at}/note.xml`, type: 'application/xml' },
    };
    const response = await client.execute('echo', { inputs, response: 'document' });
    expect([response.status, await response.json()]).toEqual([
      200,
      {
        stringInput: 'grün',
        arrayInput: [1, 2, 3],
        xmlInput: { value: '<note>ä</note>', mediaType: 'application/xml' },
      },
    ]);
  });

  it('give GeoJSON to buffer and a raw file to convert-raw-sonar, synchronously and asynchronously', async () => {
    const geometry = { href: `${at}/point.geojson`, type: 'application/geo+json' };
    const buffered = await client.execute('buffer', { inputs: { geometry, distance: 10 } });
    expect(await buffered.json()).toMatchObject({ type: 'Polygon' });

    const body = { inputs: { rawFile: { href: `${at}/T1.raw` } }, outputs: { summary: {} }, response: 'document' };
    const sync = (await (await client.execute('convert-raw-sonar', body)).json()) as { summary: { value: unknown } };
    expect(sync.summary.value).toMatchObject({
      surveyName: 'GENERATED',
      pings: 1,
      rangeSamples: 3,
      channels: [{ frequency: 38_000, pings: 1 }],
    });
    const accepted = await client.execute('convert-raw-sonar', body, { prefer: 'respond-async' });
    const { jobID } = (await accepted.json()) as JobStatus;
    expect((await client.ended(jobID)).status).toBe('successful');
    expect(await client.getJson(`/jobs/${jobID}/results`)).toEqual(sync);
  });

  describe('to a recording whose conversion is wanted in a format that it does not get', () => {
    const NETCDF = 'application/x-netcdf';
    const body = (mediaType?: string, members = {}) => ({
      inputs: { rawFile: { href: `${at}/T1.raw` } },
      outputs: { converted: mediaType === undefined ? {} : { format: { mediaType } } },
      ...members,
    });
    const convert = (request: object, headers: Record<string, string> = {}) =>
      client.execute('convert-raw-sonar', request, headers);
    const typeAndKind = async (response: Response) => [
      response.status,
      response.headers.get('content-type'),
      Buffer.from(await response.arrayBuffer()).toString('latin1', 1, 4),
    ];
    const SENT = [200, NETCDF, 'HDF'];
    const qualified = { converted: { encoding: 'base64', mediaType: NETCDF } };

    it('answer with what it was converted to, also in a document', async () => {
      expect(await typeAndKind(await convert(body('application/zip')))).toEqual(SENT);
      const document = await convert(body('application/zip', { response: 'document' }), {
        prefer: 'return=representation',
      });
      expect(await document.json()).toMatchObject(qualified);
      await expectProblem(await convert(body('image/png')), 406, `${OWN_PROBLEM}/not-acceptable`);
    });

    it('leave a job whose results can be read, and call back with them', async () => {
      const subscriber = { successUri: receiver.url('/converted') };
      const accepted = await convert(body('application/zip', { subscriber }), { prefer: 'respond-async' });
      const { jobID } = (await accepted.json()) as JobStatus;
      expect((await client.ended(jobID)).status).toBe('successful');
      const results = `/jobs/${jobID}/results`;
      for (const path of [results, `${results}/converted`]) {
        for (const accept of ['*/*', NETCDF, 'application/zip, */*;q=0.1']) {
          expect(await typeAndKind(await client.get(path, { accept }))).toEqual(SENT);
        }
        for (const accept of ['application/zip', 'application/json']) {
          const refused = await client.get(path, { accept });
          expect([refused.status, await refused.json()]).toMatchObject([
            406,
            { type: `${OWN_PROBLEM}/not-acceptable` },
          ]);
        }
      }
      expect(await client.getJson(`${results}?profile=ogc-results`)).toMatchObject(qualified);
      const [call] = await receiver.until('/converted', 1);
      expect(JSON.parse(String(call.body))).toMatchObject(qualified);
    });

    it('are readable behind the monitor link of an execution whose Accept they do not meet', async () => {
      const response = await convert(body(), { accept: 'application/zip' });
      const monitor = /<([^>]+)>; rel="monitor"/.exec(response.headers.get('link')!)![1];
      await expectProblem(response, 406, `${OWN_PROBLEM}/not-acceptable`);
      expect(await typeAndKind(await fetch(`${monitor}/results`))).toEqual(SENT);
    });
  });

  it('that do not fit the schema are named, all at once (/req/core/process-execute-input-validation B)', async () => {
    const inputs = { stringInput: 'a', arrayInput: { href: `${at}/words.json` }, pause: { href: `${at}/list.json` } };
    const problem = await expectProblem(
      await client.execute('echo', { inputs }),
      400,
      `${OGC_PROBLEM}/InvalidParameterValue`,
    );
    expect(pointersOf(problem)).toEqual(['/inputs/arrayInput/0', '/inputs/pause']);
  });

  it.each<[string, Record<string, unknown>, string[]]>([
    ['a missing input', { arrayInput: '/list.json' }, ['/inputs/stringInput']],
    ['an unknown input', { stringInput: '/text.txt', zzz: 1 }, ['/inputs/zzz']],
    ['a value that does not fit', { stringInput: 5, arrayInput: '/nowhere' }, ['/inputs/stringInput']],
  ])('are not fetched for a request with %s, nor when it is only checked', async (_, { ...inputs }, pointers) => {
    for (const [id, value] of Object.entries(inputs)) {
      if (typeof value === 'string') inputs[id] = { href: at + value };
    }
    fetched.length = 0;
    for (const prefer of ['respond-async', 'validate-only']) {
      const response = await client.execute('echo', { inputs }, { prefer });
      const problem = await expectProblem(response, 400, `${OGC_PROBLEM}/InvalidParameterValue`);
      expect(pointersOf(problem)).toEqual(pointers);
    }
    expect(fetched).toEqual([]);
  });

  it.each([
    ['answers 404', '/nowhere', 'reference-unavailable'],
    ['redirects for ever', '/loop', 'reference-unavailable'],
    ['redirects to a file', '/to-file', 'reference-unavailable'],
    ['is larger than MAX_REFERENCE', '/large.txt', 'reference-unavailable'],
  ])('that %s are a problem with a pointer, and no job', async (_, path, type) => {
    const inputs = { stringInput: { href: at + path } };
    const response = await client.execute('echo', { inputs }, { prefer: 'respond-async' });
    const problem = await expectProblem(response, 400, `${OWN_PROBLEM}/${type}`);
    expect(pointersOf(problem)).toEqual(['/inputs/stringInput']);
    expect(
      (await client.getJson<{ jobs: { processID: string }[] }>('/jobs')).jobs.map((job) => job.processID),
    ).not.toContain('echo');
  });

  it.each(['file:///etc/passwd', 'ftp://127.0.0.1/x', 'data:,x', 'not a url', ''])(
    'to %j are refused: only http and https are fetched',
    async (href) => {
      const response = await client.execute('echo', { inputs: { stringInput: { href } } });
      expect(pointersOf((await response.json()) as never)).toEqual([expect.stringMatching(/^\/inputs\/stringInput/)]);
      expect(response.status).toBe(400);
    },
  );

  it('that hold broken JSON are a violation', async () => {
    const inputs = { stringInput: 'a', arrayInput: { href: `${at}/broken.json` } };
    const response = await client.execute('echo', { inputs });
    const problem = await expectProblem(response, 400, `${OGC_PROBLEM}/InvalidParameterValue`);
    expect(pointersOf(problem)).toEqual(['/inputs/arrayInput']);
  });
});
