import assert from 'node:assert/strict';
import { Validator } from '@seriousme/openapi-schema-validator';
import type { Exchange } from '../exchange.js';
import { type LandingPage, linksOf } from '../ogc-documents.js';
import type { Check, Checks } from '../requirement.js';
import type { ServerUnderTest } from '../server-under-test.js';
import { asyncCapable, subjectOf } from '../subjects.js';

const METHODS = ['get', 'put', 'post', 'delete', 'patch'] as const;
const OPENAPI = 'application/vnd.oai.openapi+json';

interface Parameter {
  readonly name?: string;
  readonly in?: string;
  readonly $ref?: string;
  readonly schema?: { readonly type?: string };
}

interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly responses?: Readonly<Record<string, unknown>>;
  readonly security?: readonly object[];
}

interface Definition {
  readonly openapi: string;
  readonly components?: { readonly parameters?: Readonly<Record<string, Parameter>> };
  readonly paths: Readonly<Record<string, Readonly<Partial<Record<(typeof METHODS)[number], Operation>>>>>;
  readonly security?: readonly object[];
}

/** The API definition of a version as it is linked from the landing page. */
async function definitionOf(server: ServerUnderTest, version: '3.0' | '3.1'): Promise<Definition> {
  const page = (await server.get('/')).is(200).json<LandingPage>();
  const links = linksOf(page, 'service-desc');
  const link = links.find(({ type }) => type?.replace(/\s/g, '') === `${OPENAPI};version=${version}`);
  assert.ok(link, `no service-desc link of type ${OPENAPI};version=${version}`);
  const answer = await server.get(new URL(link.href, `${server.base}/`).href, { accept: link.type! });
  const definition = answer.is(200).hasType(OPENAPI).json<Definition>();
  assert.ok(definition.openapi.startsWith(version), `the definition says openapi: ${definition.openapi}`);
  return definition;
}

const isValid =
  (version: '3.0' | '3.1'): Check =>
  async (server) => {
    const definition = await definitionOf(server, version);
    const { valid, errors } = await new Validator().validate(withoutReferenceMembers(definition));
    assert.ok(valid, `not a valid OpenAPI ${version} document: ${JSON.stringify(errors)?.slice(0, 500)}`);
  };

/**
 * A copy in which no schema describes a member called `$ref`, as the standard's own reference.yaml does: the validator
 * takes the description for a reference.
 */
function withoutReferenceMembers(definition: Definition): Record<string, unknown> {
  const isDescription = (key: string, value: unknown) => key === '$ref' && typeof value === 'object';
  return JSON.parse(
    JSON.stringify(definition, (key, value: unknown) => (isDescription(key, value) ? undefined : value)),
  ) as Record<string, unknown>;
}

/** A document for programs and a page for people. */
const isOffered: Check = async (server) => {
  const page = (await server.get('/')).is(200).json<LandingPage>();
  const desc = linksOf(page, 'service-desc').filter(({ type }) => type?.startsWith(OPENAPI));
  assert.ok(desc.length > 0, `no service-desc link of type ${OPENAPI}`);
  const html = linksOf(page, 'service-doc').find(({ type }) => type?.startsWith('text/html'));
  assert.ok(html, 'no service-doc link of type text/html');
  (await server.get(new URL(html.href, `${server.base}/`).href, { accept: 'text/html' })).is(200).hasType('text/html');
};

/** Every operation that is described answers with something else than "there is no such thing". */
const isImplemented: Check = async (server) => {
  const { paths } = await anyDefinition(server);
  const { process, inputs, outputs } = await subjectOf(server, 1, asyncCapable);
  const jobId = await server.completed(process.id, { inputs });
  const values = new Map([
    ['processid', process.id],
    ['jobid', jobId],
    ['outputid', outputs[0]],
    ['n', '0'],
  ]);
  const order = Object.entries(paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method] !== undefined).map((method) => ({ path, method })),
  );
  // What removes comes last, because the others need it.
  for (const { path, method } of order.sort((a, b) => Number(a.method === 'delete') - Number(b.method === 'delete'))) {
    const names = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name.toLowerCase());
    if (names.some((name) => !values.has(name))) continue;
    const target = path.replace(/\{([^}]+)\}/g, (_, name: string) =>
      encodeURIComponent(values.get(name.toLowerCase())!),
    );
    // What an execution leads to is up to the process; that there is one shows in how it refuses nonsense.
    const query = path.endsWith('/execution') && method === 'get' ? '?no-such-input=1' : '';
    const hasBody = method !== 'get' && method !== 'delete';
    // Not everything: a resource that is also a stream of events must not be one here.
    const accept = 'application/json, text/*;q=0.5, application/*;q=0.4';
    const headers = { accept, ...(hasBody && { 'content-type': 'application/json' }) };
    const answer = await server.request(
      method.toUpperCase(),
      target + query,
      headers,
      hasBody ? '"nonsense"' : undefined,
    );
    assert.ok(![404, 405, 501].includes(answer.status) && answer.status < 500, answer.summary());
  }
};

/** The status of whatever this suite was answered so far is described. */
const isComplete: Check = async (server) => {
  const { paths } = await anyDefinition(server);
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method];
      return operation === undefined ? [] : [{ method, operation, pattern: patternOf(path) }];
    }),
  );
  const missing = server.exchanges.flatMap((exchange) => {
    const path = pathOf(server, exchange);
    const found = operations.find(
      ({ method, pattern }) => method === exchange.method.toLowerCase() && path !== undefined && pattern.test(path),
    );
    const { responses = {} } = found?.operation ?? {};
    const keys = [String(exchange.status), `${Math.floor(exchange.status / 100)}XX`, 'default'];
    const isDescribed = keys.some((key) => key in responses);
    return found === undefined || isDescribed ? [] : [`${exchange.method} ${path}: ${exchange.status}`];
  });
  assert.deepEqual([...new Set(missing)], [], 'answers that the definition does not describe');
};

/** Each operation describes the errors the server answers by itself. */
const coversErrors: Check = async (server) => {
  const { paths } = await anyDefinition(server);
  for (const [path, item] of Object.entries(paths)) {
    for (const method of METHODS) {
      const { responses } = item[method] ?? { responses: { default: {} } };
      const codes = Object.keys(responses ?? {});
      assert.ok(
        codes.some((code) => /^([45]|default)/i.test(code)),
        `${method} ${path} describes no error`,
      );
      if (path.includes('{') && !codes.includes('default')) {
        assert.ok(
          codes.some((code) => /^4(04|XX)$/i.test(code)),
          `${method} ${path} does not describe 404`,
        );
      }
    }
  }
};

/** Operations that ask for credentials say so; a server that never answers 401 or 403 has nothing to say. */
const describesSecurity: Check = async (server) => {
  const guarded = server.exchanges.filter(({ status }) => status === 401 || status === 403);
  if (guarded.length === 0) return;
  const { security, paths } = await anyDefinition(server);
  const isDescribed = security !== undefined || JSON.stringify(paths).includes('"security"');
  assert.ok(isDescribed, `${guarded[0].summary()}, but no security scheme is described`);
};

/** Where the server has an OpenAPI definition, it describes a query parameter of GET on a path by its type. */
export async function describesQuery(server: ServerUnderTest, path: string, name: string, type: string): Promise<void> {
  const definition = await anyDefinition(server).catch(() => undefined);
  if (definition === undefined) return;
  const parameters = (definition.paths[path]?.get?.parameters ?? []).map(
    (parameter) => definition.components?.parameters?.[parameter.$ref?.split('/').at(-1) ?? ''] ?? parameter,
  );
  const described = parameters.find((parameter) => parameter.in === 'query' && parameter.name === name);
  assert.ok(described, `the definition of GET ${path} has no query parameter ${name}`);
  assert.equal(described.schema?.type, type, `type of the query parameter ${name} of GET ${path}`);
}

async function anyDefinition(server: ServerUnderTest): Promise<Definition> {
  try {
    return await definitionOf(server, '3.0');
  } catch {
    return await definitionOf(server, '3.1');
  }
}

function pathOf(server: ServerUnderTest, { url }: Exchange): string | undefined {
  return url.startsWith(server.base) ? url.slice(server.base.length).split(/[?#]/, 1)[0] || '/' : undefined;
}

function patternOf(path: string): RegExp {
  const escaped = path.replace(/[.*+?^$()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replace(/\{[^}]+\}/g, '[^/]+')}$`);
}

/** 1.0 class oas30. To be checked last: it looks back at the answers to all other checks. */
export const openApi30Checks: Checks = {
  '/req/oas30/oas-definition-1': async (server) => {
    await isOffered(server);
    await definitionOf(server, '3.0');
  },
  '/req/oas30/oas-definition-2': isValid('3.0'),
  '/req/oas30/oas-impl': isImplemented,
  '/req/oas30/completeness': isComplete,
  '/req/oas30/exceptions-codes': coversErrors,
  '/req/oas30/security': describesSecurity,
};

/** 2.0 classes oas30 and oas31. */
export const openApiChecks: Checks = {
  '/req/oas/definition': isOffered,
  '/req/oas/completeness': isComplete,
  '/req/oas/exceptions-codes': coversErrors,
  '/req/oas/oas-impl': isImplemented,
  '/req/oas/security': describesSecurity,
  '/req/oas30/oas-definition': isValid('3.0'),
  '/req/oas31/oas-definition': isValid('3.1'),
};
