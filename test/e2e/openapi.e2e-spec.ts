import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Client } from '../harness/client.js';
import { OwnService } from '../harness/own-service.js';
import { OpenApiContract } from '../harness/openapi-contract.js';

const OPENAPI_30 = 'application/vnd.oai.openapi+json;version=3.0';
const OPENAPI_31 = 'application/vnd.oai.openapi+json;version=3.1';

interface MediaTypeObject {
  readonly example?: unknown;
  readonly examples?: Record<string, { readonly value: unknown }>;
}
interface Document {
  readonly openapi: string;
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Record<
    string,
    Record<string, { readonly requestBody?: { readonly content: Record<string, MediaTypeObject> } }>
  >;
}

jest.setTimeout(60_000);

describe('The OpenAPI document of a running service', () => {
  const own = new OwnService('e2e-openapi');
  let client: Client;
  let document: Document;

  beforeAll(async () => {
    client = await own.start();
    document = await client.getJson<Document>('/api');
  });
  afterAll(() => own.stop());

  it('has examples of execute requests that work, for the general operation and for that of each process', async () => {
    const executed: string[] = [];
    for (const [path, { post }] of Object.entries(document.paths)) {
      const { example, examples = {} } = post?.requestBody?.content['application/json'] ?? {};
      const bodies = Object.entries({ ...examples, ...(example !== undefined && { '': { value: example } }) });
      for (const [id, { value }] of bodies) {
        const target = path.replace('{processID}', id);
        const response = await client.fetch(target, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(value),
        });
        expect([target, response.status, response.ok ? '' : await response.text()]).toEqual([target, 200, '']);
        executed.push(path);
      }
    }
    const general = '/processes/{processID}/execution';
    const ids = ['buffer', 'convert-raw-sonar', 'echo', 'hello-world', 'simple-flow'];
    expect(executed.filter((path) => path === general)).toHaveLength(ids.length);
    expect(executed.filter((path) => path !== general)).toEqual(ids.map((id) => `/processes/${id}/execution`));
  });

  it.each([
    ['by Accept', '/api', OPENAPI_30, OPENAPI_30, '3.0'],
    ['by Accept', '/api', OPENAPI_31, OPENAPI_31, '3.1'],
    ['by f', '/api?f=oas30', 'text/html', OPENAPI_30, '3.0'],
    ['by f', '/api?f=oas31', 'text/html', OPENAPI_31, '3.1'],
  ])('is there, chosen %s: %s for %s (2.0 /req/oas31/oas-definition)', async (_, path, accept, type, version) => {
    const response = await client.get(path, { accept });
    const { openapi, servers } = (await response.json()) as Document;
    expect([response.status, response.headers.get('content-type')]).toEqual([200, type]);
    expect([openapi.startsWith(version), servers]).toEqual([true, [{ url: client.base }]]);
  });

  it('is linked from the landing page in both versions (2.0 /req/oas/definition)', async () => {
    const { links } = await client.getJson<{ links: { rel: string; type: string }[] }>('/');
    const types = links.filter(({ rel }) => rel === 'service-desc').map(({ type }) => type);
    expect(types).toEqual([OPENAPI_30, OPENAPI_31]);
  });

  describe('as the measure of all responses in these tests', () => {
    const json = { 'content-type': 'application/json' };
    const fault = async (method: string, path: string, response: Response) =>
      (await OpenApiContract.of(client.base))!.faultOf(method, path, response);

    it.each([
      [
        'an undocumented status',
        'GET',
        '/jobs',
        new Response('{}', { status: 202, headers: json }),
        /success must be documented/,
      ],
      [
        'an undocumented media type',
        'GET',
        '/jobs',
        new Response('<a/>', { headers: { 'content-type': 'text/xml' } }),
        /text\/xml/,
      ],
      [
        'a body that lacks a member',
        'GET',
        '/jobs',
        new Response('{"jobs":[]}', { headers: json }),
        /required property 'links'/,
      ],
      [
        'a result of another type',
        'POST',
        '/processes/hello-world/execution',
        new Response('{"result":7}', { headers: json }),
        /not valid/,
      ],
    ])('finds %s', async (_, method, path, response, message) => {
      expect(await fault(method, path, response)).toMatch(message);
    });

    it('finds nothing in a response as it should be', async () => {
      expect(await fault('GET', '/jobs', await fetch(own.process.url('/jobs')))).toBeUndefined();
    });
  });
});
