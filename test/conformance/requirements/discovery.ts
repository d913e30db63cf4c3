import assert from 'node:assert/strict';
import {
  EXCEPTION,
  type LandingPage,
  linksOf,
  OGC_REL,
  type ProcessDescription,
  type ProcessList,
} from '../ogc-documents.js';
import type { Checks } from '../requirement.js';
import type { ServerUnderTest } from '../server-under-test.js';
import { subjectOf } from '../subjects.js';
import { describesQuery } from './api-definition.js';

const landingPage = async (server: ServerUnderTest) => (await server.get('/')).is(200).json<LandingPage>();
const definitionLinks = async (server: ServerUnderTest) => {
  const links = linksOf(await landingPage(server), 'service-desc', 'service-doc');
  assert.ok(links.length > 0, 'the landing page links no API definition');
  return links.map(({ href, type }) => ({ url: new URL(href, `${server.base}/`).href, type }));
};

/** 1.0 class core: landing page, API definition, conformance, HTTP. */
export const landingChecks: Checks = {
  '/req/core/landingpage-op': async (server) => {
    (await server.get('/')).is(200);
  },
  '/req/core/landingpage-success': async (server) => {
    const page = await landingPage(server);
    server.conforms('1.0', 'landingPage', page);
    assert.ok(linksOf(page, 'service-desc', 'service-doc').length > 0, 'no link to the API definition');
    for (const name of ['conformance', 'processes']) {
      const [link] = linksOf(page, `${OGC_REL}/${name}`, name);
      assert.ok(link, `no link of relation ${OGC_REL}/${name}`);
      (await server.get(new URL(link.href, `${server.base}/`).href)).is(200);
    }
  },
  '/req/core/api-definition-op': async (server) => {
    for (const { url, type } of await definitionLinks(server)) {
      (await server.get(url, { accept: type ?? '*/*' })).is(200);
    }
  },
  '/req/core/api-definition-success': async (server) => {
    for (const { url, type } of await definitionLinks(server)) {
      const answer = (await server.get(url, { accept: type ?? '*/*' })).is(200);
      if (type !== undefined) answer.hasType(type.split(';')[0].trim().toLowerCase());
      assert.ok(answer.bytes.length > 0, `an empty document: ${answer.summary()}`);
    }
  },
  '/req/core/conformance-op': async (server) => {
    (await server.get('/conformance')).is(200);
  },
  '/req/core/conformance-success': async (server) => {
    const document = (await server.get('/conformance')).is(200).json<{ conformsTo: string[] }>();
    server.conforms('1.0', 'confClasses', document);
    assert.ok(
      document.conformsTo.some((uri) => uri.endsWith('/conf/core')),
      'the core class is not declared',
    );
  },
  '/req/core/http': async (server) => {
    const page = await server.request('HEAD', '/');
    if (page.status === 200) assert.equal(page.bytes.length, 0, 'HEAD has a body');
    (await server.get(`/${crypto.randomUUID()}`)).is(404);
    const refused = (await server.request('PATCH', '/conformance')).is(405, 501);
    if (refused.status === 405)
      assert.notEqual(refused.header('allow'), '', '405 without an Allow header (RFC 9110 section 15.5.6)');
    (await server.get('/conformance', { accept: 'application/x-nothing' })).is(200, 406);
  },
};

/** 1.0 class core: list and description of processes. */
export const processChecks: Checks = {
  '/req/core/process-list': async (server) => {
    (await server.get('/processes')).is(200);
  },
  '/req/core/pl-limit-definition': async (server) => {
    await describesQuery(server, '/processes', 'limit', 'integer');
    for (const query of ['limit=1', 'limit=10']) (await server.get(`/processes?${query}`)).is(200);
    for (const query of ['limit=0', 'limit=-1', 'limit=many']) (await server.get(`/processes?${query}`)).is(200, 400);
  },
  '/req/core/pl-limit-response': async (server) => {
    const { processes } = (await server.get('/processes?limit=1')).is(200).json<ProcessList>();
    assert.ok(processes.length <= 1, `limit=1 gave ${processes.length} processes`);
    const few = (await server.get('/processes')).is(200).json<ProcessList>().processes;
    assert.ok(few.length <= 10_000, 'more processes than the limit');
  },
  '/req/core/process-list-success': async (server) => {
    const list = (await server.get('/processes')).is(200).json<ProcessList>();
    server.conforms('1.0', 'processList', list);
    assert.ok(
      list.processes.every(({ id, version }) => id && version),
      'a summary without id or version',
    );
  },
  '/req/core/pl-links': (server) => hasSelfAndAlternates(server, '/processes'),
  '/req/core/process': async (server) => {
    assert.ok((await server.processes()).length > 0, 'there are no processes');
  },
  '/req/core/process-success': async (server) => {
    for (const description of await server.processes()) server.conforms('1.0', 'process', description);
    const [first] = await server.processes();
    const again = (await server.get(`/processes/${encodeURIComponent(first.id)}`)).is(200).json<ProcessDescription>();
    assert.deepEqual([again.id, again.version], [first.id, first.version]);
  },
  '/req/core/process-exception/no-such-process': async (server) => {
    const path = `/processes/no-such-process-${crypto.randomUUID()}`;
    server.isException(await server.get(path), 404, `${EXCEPTION}/no-such-process`);
    const execution = await server.request('POST', `${path}/execution`, { 'content-type': 'application/json' }, '{}');
    server.isException(execution, 404, `${EXCEPTION}/no-such-process`);
  },
  '/req/core/test-process': async (server) => {
    const { process, inputs, outputs } = await subjectOf(server, 1);
    assert.ok(outputs.length > 0, `${process.id} has no outputs with ${JSON.stringify(inputs)}`);
  },
};

/** A self link, and an alternate link for each other representation that the resource has. */
export async function hasSelfAndAlternates(server: ServerUnderTest, path: string): Promise<void> {
  const page = (await server.get(path)).is(200).json<LandingPage>();
  assert.equal(linksOf(page, 'self').length, 1, `${path} needs one self link`);
  const html = await server.get(path, { accept: 'text/html' });
  if (html.status !== 200 || html.mediaType !== 'text/html') return;
  const alternates = linksOf(page, 'alternate').map(({ type }) => type?.split(';')[0]);
  assert.ok(alternates.includes('text/html'), `${path} is also text/html, but has no alternate link to it`);
}
