import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client } from '../harness/client.js';
import { OwnService, PROBES } from '../harness/own-service.js';
import { linkOf, type Page, pagesOf, type TestLink } from '../harness/pages.js';
import { expectProblem, OGC_PROBLEM, OWN_PROBLEM } from '../harness/problem.js';

const REL = 'http://www.opengis.net/def/rel/ogc/1.0';
const CONF = 'http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf';
const CATALOG = ['buffer', 'convert-raw-sonar', 'echo', 'hello-world', 'simple-flow'];

interface ProcessList extends Page {
  readonly processes: readonly Record<string, unknown>[];
}

interface Description extends Page {
  readonly inputs: Record<string, { schema: object; minOccurs: number; maxOccurs: number | string }>;
  readonly outputs: Record<string, { schema: object }>;
}

describe('Discovery', () => {
  const own = new OwnService('e2e-discovery', PROBES);
  let client: Client;

  beforeAll(async () => {
    client = await own.start();
  }, 60_000);
  afterAll(() => own.stop(), 60_000);

  describe('landing page and conformance', () => {
    it('links definition, conformance, processes and jobs (/req/core/landingpage-success, /rec/job-list/job-list-landing-page)', async () => {
      const page = await client.getJson<Page>('/');
      for (const rel of [
        'self',
        'service-desc',
        'service-doc',
        `${REL}/conformance`,
        `${REL}/processes`,
        `${REL}/job-list`,
      ]) {
        expect(linkOf(page, rel)).toMatch(new RegExp(`^${client.base}/`));
      }
    });

    it('answers each of its links in the media type it names (/req/core/api-definition-op)', async () => {
      const { links } = await client.getJson<Page>('/');
      for (const { href, type } of links) {
        const response = await fetch(href, { headers: { accept: type! } });
        expect([href, response.status]).toEqual([href, 200]);
        expect(response.headers.get('content-type')!.split(';')[0]).toBe(type!.split(';')[0]);
        await response.text();
      }
    });

    it('lists the conformance classes it implements (/req/core/conformance-success)', async () => {
      const { conformsTo } = await client.getJson<{ conformsTo: string[] }>('/conformance');
      expect(new Set(conformsTo).size).toBe(conformsTo.length);
      expect(conformsTo).toEqual(
        expect.arrayContaining(
          ['core', 'ogc-process-description', 'json', 'oas30', 'dismiss'].map((name) => `${CONF}/${name}`),
        ),
      );
    });
  });

  describe('/processes', () => {
    const idsOf = (pages: ProcessList[]) => pages.map(({ processes }) => processes.map(({ id }) => id));

    it('leads by next links through every process once, limit by limit (/rec/core/next-1 to next-3, /req/core/pl-limit-response)', async () => {
      const all = (await client.getJson<ProcessList>('/processes?limit=10000')).processes.map(({ id }) => id);
      const pages = await pagesOf<ProcessList>(client, '/processes?limit=4');
      const ids = idsOf(pages);
      expect(all).toEqual(expect.arrayContaining(CATALOG));
      expect(all.length).toBeGreaterThan(12);
      expect(ids.flat()).toEqual(all);
      expect(ids.slice(0, -1).every((page) => page.length === 4)).toBe(true);
      expect(ids.at(-1)!.length).toBeLessThanOrEqual(4);

      const last = linkOf(pages.at(-1)!, 'self')!.slice(client.base.length);
      const back = await pagesOf<ProcessList>(client, last, { rel: 'prev' });
      expect(idsOf(back).reverse()).toEqual(ids);
    });

    it('shows ten processes where no limit is given (/req/core/pl-limit-definition)', async () => {
      expect((await client.getJson<ProcessList>('/processes')).processes).toHaveLength(10);
    });

    it('summarizes each process, with links to description and execution (/req/core/process-list-success)', async () => {
      const { processes } = await client.getJson<ProcessList>('/processes?limit=10000');
      for (const process of processes) {
        const id = process.id as string;
        expect(process).toMatchObject({
          version: expect.any(String),
          jobControlOptions: expect.any(Array),
          outputTransmission: expect.any(Array),
        });
        expect(Object.keys(process)).not.toEqual(expect.arrayContaining(['inputs', 'outputs']));
        const links = { links: process.links as TestLink[] };
        expect(linkOf(links, 'self')).toBe(`${client.base}/processes/${id}`);
        expect(linkOf(links, `${REL}/execute`)).toBe(`${client.base}/processes/${id}/execution`);
      }
    });

    it.each(['limit=0', 'limit=10001', 'limit=ten', 'limit=1&limit=2', 'cursor=nonsense', 'f=xml'])(
      'refuses ?%s (invalid-query-parameter-value)',
      async (query) => {
        await expectProblem(
          await client.get(`/processes?${query}`),
          400,
          `${OGC_PROBLEM}/invalid-query-parameter-value`,
        );
      },
    );
  });

  describe('process descriptions', () => {
    it.each([
      ['hello-world', ['name', 'message'], ['result']],
      ['simple-flow', ['name', 'message'], ['result']],
      [
        'echo',
        ['stringInput', 'mixedInput', 'arrayInput', 'bboxInput', 'xmlInput', 'pause'],
        ['stringInput', 'mixedInput', 'arrayInput', 'bboxInput', 'xmlInput', 'pause'],
      ],
      ['buffer', ['geometry', 'distance', 'steps'], ['result']],
      [
        'convert-raw-sonar',
        ['rawFile', 'outputType', 'overwrite', 'outputPath', 'sonarModel'],
        ['converted', 'location', 'summary'],
      ],
    ])('describes %s with all inputs and outputs (/req/core/process-success)', async (id, inputs, outputs) => {
      const description = await client.getJson<Description>(`/processes/${id}`);
      expect(description).toMatchObject({
        id,
        version: expect.any(String),
        title: expect.any(String),
        jobControlOptions: ['sync-execute', 'async-execute', 'dismiss'],
        outputTransmission: ['value', 'reference'],
      });
      expect(Object.keys(description.inputs)).toEqual(inputs);
      expect(Object.keys(description.outputs)).toEqual(outputs);
      for (const value of [...Object.values(description.inputs), ...Object.values(description.outputs)]) {
        expect(Object.keys(value.schema).length).toBeGreaterThan(0);
      }
      expect(linkOf(description, 'self')).toBe(`${client.base}/processes/${id}`);
      expect(linkOf(description, `${REL}/execute`)).toBe(`${client.base}/processes/${id}/execution`);
      // OGC's schema.yaml knows neither references into documents nor the keywords of later JSON Schema drafts.
      expect(JSON.stringify(description)).not.toMatch(/"\$ref"|"\$schema"|"const"|"if"|null/);
    });

    it('says which inputs may be left out, and gives echo a bounding box without $ref', async () => {
      const { inputs } = await client.getJson<Description>('/processes/echo');
      expect(Object.entries(inputs).map(([id, { minOccurs }]) => [id, minOccurs])).toEqual([
        ['stringInput', 1],
        ['mixedInput', 0],
        ['arrayInput', 0],
        ['bboxInput', 0],
        ['xmlInput', 0],
        ['pause', 0],
      ]);
      expect(inputs.bboxInput.schema).toMatchObject({ allOf: [{ format: 'ogc-bbox' }, { type: 'object' }] });
      expect(inputs.xmlInput.schema).toEqual({ type: 'string', contentMediaType: 'application/xml' });
    });

    it.each(['nowhere', 'Hello-World', '%00', 'a%2Fb', '__proto__', 'x'.repeat(1_000)])(
      'answers the unknown id %s (/req/core/process-exception/no-such-process)',
      async (id) => {
        await expectProblem(await client.get(`/processes/${id}`), 404, `${OGC_PROBLEM}/no-such-process`);
      },
    );
  });

  describe('HTTP', () => {
    it.each([
      ['DELETE', '/', 'GET, HEAD'],
      ['PUT', '/processes', 'GET, HEAD'],
      ['POST', '/processes/echo', 'GET, HEAD'],
      ['PUT', '/processes/echo/execution', expect.stringContaining('POST')],
      ['POST', '/jobs', 'GET, HEAD'],
      ['PATCH', '/jobs/00000000-0000-4000-8000-000000000000', 'DELETE, GET, HEAD'],
    ])('refuses %s %s with 405 and Allow (RFC 9110 section 15.5.6)', async (method, path, allow) => {
      const response = await fetch(client.base + path, { method });
      expect(response.headers.get('allow')).toEqual(allow);
      await expectProblem(response, 405, `${OWN_PROBLEM}/method-not-allowed`);
    });

    it.each(['/', '/conformance', '/processes', '/processes/echo', '/jobs', '/api', '/health/live', '/processes/none'])(
      'answers HEAD %s as GET without the body (/rec/core/http-head)',
      async (path) => {
        const [get, head] = [await client.get(path), await fetch(client.base + path, { method: 'HEAD' })];
        expect(head.status).toBe(get.status);
        expect(head.headers.get('content-type')).toBe(get.headers.get('content-type'));
        expect(head.headers.get('content-length')).toBe(String((await get.arrayBuffer()).byteLength));
        expect(await head.text()).toBe('');
      },
    );

    it('answers an unknown path with a problem', async () => {
      await expectProblem(await client.get('/nowhere'), 404, `${OWN_PROBLEM}/not-found`);
    });

    it('writes problems as application/json for a client that names only that', async () => {
      const response = await client.get('/processes/none', { accept: 'application/json' });
      expect(response.headers.get('content-type')).toBe('application/json');
      expect(await response.json()).toMatchObject({ status: 404, type: `${OGC_PROBLEM}/no-such-process` });
    });

    it('answers 406 where no representation fits Accept', async () => {
      const response = await client.get('/processes', { accept: 'image/png' });
      await expectProblem(response, 406, `${OWN_PROBLEM}/not-acceptable`);
    });

    it('lets scripts of other origins read the API and its headers (/rec/core/cross-origin, /rec/core/access-control-expose-headers)', async () => {
      const origin = 'https://map.example.org';
      const simple = await client.get('/processes', { origin });
      expect(simple.headers.get('access-control-allow-origin')).toBe('*');
      const exposed = simple.headers.get('access-control-expose-headers')!.toLowerCase().split(', ');
      expect(exposed).toEqual(expect.arrayContaining(['location', 'link', 'preference-applied']));
      await simple.text();

      const preflight = await fetch(`${client.base}/processes/echo/execution`, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'content-type,prefer',
        },
      });
      expect(preflight.ok).toBe(true);
      expect(preflight.headers.get('access-control-allow-methods')).toContain('POST');
      expect(preflight.headers.get('access-control-allow-headers')).toContain('prefer');
      const problem = await client.get('/processes/none', { origin });
      expect(problem.headers.get('access-control-allow-origin')).toBe('*');
      await problem.text();
    });

    it('follows the forwarded headers of a trusted proxy in all links', async () => {
      const forwarded = {
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'ogc.example.org',
        'x-forwarded-prefix': '/api',
      };
      for (const path of ['/', '/processes?limit=2', '/processes/echo', '/jobs']) {
        const page = (await (await client.get(path, forwarded)).json()) as Page;
        for (const { href, rel } of page.links.filter(({ rel }) => rel !== 'profile')) {
          expect([rel, href]).toEqual([rel, expect.stringMatching(/^https:\/\/ogc\.example\.org\/api(\/|$)/)]);
        }
      }
    });

    it('refuses a forwarded host that is none, rather than putting it into links', async () => {
      const response = await client.get('/', { 'x-forwarded-host': 'a"b/<script>' });
      await expectProblem(response, 400, `${OWN_PROBLEM}/bad-request`);
    });
  });

  describe('/api', () => {
    it('is an OpenAPI 3.0 document that covers every operation and its problems (/req/oas30/oas-definition-1, /req/oas30/completeness)', async () => {
      const document = await client.getJson<{
        openapi: string;
        servers: unknown;
        paths: Record<string, Record<string, { operationId: string; responses: object }>>;
      }>('/api');
      expect(document.openapi).toMatch(/^3\.0\.\d$/);
      expect(document.servers).toEqual([{ url: client.base }]);
      const operations = Object.entries(document.paths).flatMap(([path, item]) =>
        Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
      );
      expect(operations).toEqual(
        expect.arrayContaining([
          'GET /',
          'GET /conformance',
          'GET /processes',
          'GET /processes/{processID}',
          'POST /processes/{processID}/execution',
          'GET /jobs',
          'GET /jobs/{jobID}',
          'DELETE /jobs/{jobID}',
          'GET /jobs/{jobID}/results',
          'GET /jobs/{jobID}/results/{outputID}',
          'GET /jobs/{jobID}/logs',
          'GET /health/ready',
        ]),
      );
      const all = Object.values(document.paths).flatMap((item) => Object.values(item));
      expect(new Set(all.map(({ operationId }) => operationId)).size).toBe(all.length);
      expect(Object.keys(document.paths['/processes/{processID}/execution'].post.responses)).toEqual(
        expect.arrayContaining(['200', '201', '204', '400', '404', '413', '415', '500', '503']),
      );
      const references = JSON.stringify(document).match(/"#\/components\/[^"]+"/g)!;
      for (const reference of new Set(references)) {
        const [section, name] = reference.slice(14, -1).split('/');
        expect(document).toHaveProperty(['components', section, name]);
      }
    });

    it('is a page for browsers that works offline: nothing in it leads elsewhere, and all it names is served', async () => {
      const response = await client.get('/api', { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' });
      expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
      const html = await response.text();
      expect(html).not.toMatch(/(?:https?:)?\/\//);
      const names = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, name]) => name);
      expect(names.length).toBeGreaterThanOrEqual(4);
      for (const name of names) {
        const asset = await fetch(new URL(name, `${client.base}/api`));
        expect([name, asset.status]).toEqual([name, 200]);
        const text = await asset.text();
        if (name.endsWith('.css')) expect(text).not.toMatch(/url\(["']?(?:https?:)?\/\//);
      }
    });
  });

  it('is alive and ready, and says what it needs', async () => {
    const live = await client.get('/health/live');
    expect([live.status, live.headers.get('cache-control'), await live.json()]).toEqual([
      200,
      'no-store',
      { status: 'ok', checks: {} },
    ]);
    expect(await client.getJson('/health/ready')).toEqual({
      status: 'ok',
      checks: { database: { status: 'ok' }, queue: { status: 'ok' } },
    });
  });
});
