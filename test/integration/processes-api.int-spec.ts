import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';
import { ConfigModule } from '../../src/config/config.module.js';
import { Settings } from '../../src/config/settings.js';
import type { Link } from '../../src/ogc/links/link.js';
import { ProblemFilter } from '../../src/ogc/problems/problem.filter.js';
import { CatalogModule } from '../../src/processes/catalog/catalog.module.js';
import { ProcessesApiModule } from '../../src/processes/http/processes-api.module.js';

const SCHEMAS = '../shared/standards/schemas/part1-1.0.0/core/openapi/schemas';
const BUILT_IN = ['buffer', 'convert-raw-sonar', 'echo', 'hello-world', 'simple-flow'];
const OGC_EXECUTE = 'http://www.opengis.net/def/rel/ogc/1.0/execute';

@Module({
  imports: [
    ConfigModule.forRoot(Settings.parse({ PUBLIC_URL: 'https://example.org/ogc' })),
    ProcessesApiModule,
    CatalogModule,
  ],
})
class TestModule {}

let app: NestFastifyApplication;
let address: string;

beforeAll(async () => {
  const module = await Test.createTestingModule({ imports: [TestModule] }).compile();
  app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter());
  app.useGlobalFilters(app.get(ProblemFilter));
  await app.listen(0, '127.0.0.1');
  address = await app.getUrl();
});

afterAll(() => app.close());

async function get(url: string) {
  const response = await fetch(`${address}${url}`);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

function linksOf(document: Record<string, unknown>): Link[] {
  return document.links as Link[];
}

function hrefOf(document: Record<string, unknown>, rel: string): string | undefined {
  return linksOf(document).find((link) => link.rel === rel)?.href;
}

describe('GET /processes', () => {
  it('lists the built-in processes by id, each with links to its description and execution (/req/core/process-list-success)', async () => {
    const { status, body } = await get('/processes');
    const processes = body.processes as Record<string, unknown>[];
    expect(status).toBe(200);
    expect(processes.map(({ id }) => id)).toEqual(BUILT_IN);
    for (const process of processes) {
      expect(hrefOf(process, 'self')).toBe(`https://example.org/ogc/processes/${String(process.id)}`);
      expect(hrefOf(process, OGC_EXECUTE)).toBe(`https://example.org/ogc/processes/${String(process.id)}/execution`);
      expect(process).not.toHaveProperty('inputs');
    }
    expect(hrefOf(body, 'self')).toBe('https://example.org/ogc/processes');
  });

  it('is paged: following next shows every process once (/req/core/pl-limit-response, /rec/core/next-1)', async () => {
    const seen: unknown[] = [];
    let url: string | undefined = '/processes?limit=2';
    while (url) {
      const { body } = await get(url);
      const page = body.processes as { id: string }[];
      expect(page.length).toBeLessThanOrEqual(2);
      seen.push(...page.map(({ id }) => id));
      url = hrefOf(body, 'next')?.replace('https://example.org/ogc', '');
    }
    expect(seen).toEqual(BUILT_IN);
  });

  it.each(['limit=0', 'limit=10001', 'limit=many', 'cursor=x'])(
    'refuses ?%s as an invalid parameter',
    async (query) => {
      const { status, body } = await get(`/processes?${query}`);
      expect(status).toBe(400);
      expect(body.type).toMatch(/invalid-query-parameter-value$/);
    },
  );
});

describe('GET /processes/{processID}', () => {
  it('links to itself, its execution and its jobs (/req/core/process-success)', async () => {
    const { body } = await get('/processes/echo');
    expect(hrefOf(body, 'self')).toBe('https://example.org/ogc/processes/echo');
    expect(hrefOf(body, OGC_EXECUTE)).toBe('https://example.org/ogc/processes/echo/execution');
    expect(hrefOf(body, 'http://www.opengis.net/def/rel/ogc/1.0/job-list')).toBe(
      'https://example.org/ogc/jobs?processID=echo',
    );
    expect(Object.keys(body.inputs as object)[0]).toBe('stringInput');
  });

  it('answers an unknown id with no-such-process (/req/core/process-exception/no-such-process)', async () => {
    const { status, body } = await get('/processes/%3Cnothing%3E');
    expect(status).toBe(404);
    expect(body.type).toBe('http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/no-such-process');
  });
});

// The published schemas are no part of this project; where they are not at hand (never in CI), this is skipped by name.
const schemasAtHand = existsSync(SCHEMAS) || process.env.CI !== undefined;
(schemasAtHand ? describe : describe.skip)(`documents against the OGC schemas (needs ${SCHEMAS})`, () => {
  let ajv: Ajv2020;

  beforeAll(() => {
    ajv = new Ajv2020({ strict: false, allErrors: true, validateSchema: false });
    addFormats.default(ajv);
    for (const file of readdirSync(SCHEMAS).filter((name) => name.endsWith('.yaml'))) {
      const schema = modernise(parse(readFileSync(join(SCHEMAS, file), 'utf8'))) as object;
      ajv.addSchema({ ...schema, $id: `https://schemas.test/${file}` });
    }
  });

  function violations(document: unknown, file: string) {
    const validate = ajv.getSchema(`https://schemas.test/${file}`)!;
    void validate(document);
    return validate.errors ?? [];
  }

  it('the list of processes fits processList.yaml (/req/core/process-list-success)', async () => {
    expect(violations((await get('/processes')).body, 'processList.yaml')).toEqual([]);
  });

  it.each(BUILT_IN)(
    'the description of %s fits process.yaml (/req/ogc-process-description/json-encoding)',
    async (id) => {
      const { body } = await get(`/processes/${id}`);
      expect(violations(body, 'process.yaml')).toEqual([]);
      // The check is able to fail: the same document with a keyword of JSON Schema that OGC leaves out.
      const [output] = Object.values(body.outputs as Record<string, { schema: object }>);
      Object.assign(output.schema, { const: 1 });
      expect(violations(body, 'process.yaml')).not.toEqual([]);
    },
  );
});

/** OpenAPI 3.0 spells exclusive bounds as booleans, which JSON Schema 2020-12 does not know. */
function modernise(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(modernise);
  if (typeof node !== 'object' || node === null) return node;
  const { exclusiveMinimum, minimum, ...rest } = node as Record<string, unknown>;
  const bounds =
    exclusiveMinimum === true
      ? { exclusiveMinimum: minimum }
      : {
          ...(minimum !== undefined && { minimum }),
          ...(typeof exclusiveMinimum === 'object' && { exclusiveMinimum }),
        };
  return Object.fromEntries(Object.entries({ ...rest, ...bounds }).map(([key, value]) => [key, modernise(value)]));
}
