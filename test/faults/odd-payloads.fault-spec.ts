import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Client, JobStatus } from '../harness/client.js';
import { PostgresServer } from '../harness/postgres.js';
import type { Service } from '../harness/service.js';
import { clientOf, Site } from '../harness/site.js';

jest.setTimeout(120_000);

const DEPTH = 100_000;
const MEBIBYTES_10 = 10 * 1024 * 1024;

let postgres: PostgresServer;
let site: Site;
let service: Service;
let client: Client;

beforeAll(async () => {
  postgres = await PostgresServer.start();
  site = await Site.open(postgres, 'postgres', { MAX_RECOVERIES: '0' });
  service = await site.api();
  client = clientOf(service);
});
afterAll(async () => {
  // Nothing in here may have been a surprise to the service, or have stopped it.
  const surprises = service.lines.filter(({ level, msg }) => level === 'error' || /Request failed/.test(msg));
  const { running } = service;
  await site.close();
  await postgres.remove();
  expect({ surprises, running }).toEqual({ surprises: [], running: true });
});

/** What a client sends, as JSON text: some of it cannot be made by `JSON.stringify`. */
const VALUES: Record<string, string> = {
  'a NUL': String.raw`"a\u0000b"`,
  'a lone surrogate': String.raw`"a\ud800b"`,
  'an emoji': '"🦑"',
  'a NUL in a key': String.raw`{"a\u0000b":1}`,
  'a lone surrogate in a key': String.raw`{"a\udfffb":1}`,
  'a number with more digits than a double has': '12345678901234567890',
  'a key twice': '{"a":1,"a":2}',
  '10 MB': `"${'x'.repeat(MEBIBYTES_10)}"`,
};

/** What a value is after a trip through any JSON parser of this language. */
const parsed = (text: string): unknown => JSON.parse(text) as unknown;

async function expectProblem(response: Response, statuses: number[]): Promise<void> {
  const problem = (await response.json()) as { status: number; type: string };
  expect(statuses).toContain(response.status);
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(problem.status).toBe(response.status);
  expect(problem.type).not.toMatch(/\/internal$/);
}

/** The end of a job, when all of it can be read. */
async function readable(job: string): Promise<JobStatus> {
  const ended = await client.ended(job);
  expect(['successful', 'failed']).toContain(ended.status);
  const logs = await client.get(`/jobs/${job}/logs?limit=1000`);
  expect(logs.status).toBe(200);
  await logs.json();
  const results = await client.get(`/jobs/${job}/results`);
  if (ended.status === 'successful') {
    // 204: a successful job of a process whose one output is optional and was not made.
    expect([200, 204]).toContain(results.status);
    await results.arrayBuffer();
  } else {
    await expectProblem(results, [400, 500]);
  }
  return ended;
}

describe('33 odd-payloads: inputs', () => {
  it.each(Object.keys(VALUES))(
    '%s comes back as it was sent, from a job and from a synchronous execution',
    async (name) => {
      const text = VALUES[name];
      const body = `{"inputs":{"value":{"value":{"odd":${text}}}}}`;
      const expected = { odd: parsed(text) };

      const response = await client.execute('mirror', body, { prefer: 'respond-async' });
      expect(response.status).toBe(201);
      const { jobID } = (await response.json()) as JobStatus;
      expect(await readable(jobID)).toMatchObject({ status: 'successful' });
      expect(await client.getJson(`/jobs/${jobID}/results`)).toEqual(expected);

      const sync = await client.execute('mirror', body);
      expect(sync.status).toBe(200);
      expect(await sync.json()).toEqual(expected);
    },
  );

  it.each([
    ['arrays', '['.repeat(DEPTH) + ']'.repeat(DEPTH)],
    ['objects', '{"a":'.repeat(DEPTH) + '1' + '}'.repeat(DEPTH)],
  ])(`${DEPTH} nested %s are refused or done, in both modes`, async (_, value) => {
    for (const headers of [{ prefer: 'respond-async' }, {}]) {
      const response = await client.execute(
        'mirror',
        `{"inputs":{"value":${value}}}`,
        headers as Record<string, string>,
      );
      if (response.status === 201) await readable(((await response.json()) as JobStatus).jobID);
      else if (response.status === 200) await response.text();
      else await expectProblem(response, [400, 413, 500]);
    }
  });

  it.each([
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])],
    ['a raw NUL in a string', Buffer.from('{"inputs":{"value":"a\u0000b"}}')],
    ['half a document', Buffer.from('{"inputs":{"value":')],
    ['NaN', Buffer.from('{"inputs":{"value":NaN}}')],
    ['a key that would replace a prototype', Buffer.from('{"inputs":{"__proto__":{"value":1}}}')],
  ])('%s: 400, and no job', async (_, body) => {
    const before = (await site.rows()).length;
    const response = await fetch(service.url('/processes/mirror/execution'), {
      method: 'POST',
      headers: { 'content-type': 'application/json', prefer: 'respond-async' },
      body,
    });
    await expectProblem(response, [400]);
    expect(await site.rows()).toHaveLength(before);
  });

  it('a number beyond any double: 400 with its place, in both modes, and no job', async () => {
    const before = (await site.rows()).length;
    for (const headers of [{ prefer: 'respond-async' }, {}]) {
      const body = '{"inputs":{"value":{"value":{"odd":[1,1e999]}}}}';
      const response = await client.execute('mirror', body, headers as Record<string, string>);
      expect(await response.clone().json()).toMatchObject({ errors: [{ pointer: '/inputs/value/value/odd/1' }] });
      await expectProblem(response, [400]);
    }
    expect(await site.rows()).toHaveLength(before);
  });

  it('a body beyond MAX_BODY: 413 before it is sent, and no job', async () => {
    const before = (await site.rows()).length;
    const announcing = request(service.url('/processes/mirror/execution'), {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': 65 * 1024 * 1024 },
    });
    announcing.on('error', () => undefined);
    announcing.flushHeaders();
    const [response] = (await once(announcing, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(413);
    expect(await json(response)).toMatchObject({ status: 413, type: expect.stringMatching(/body-too-large$/) });
    announcing.destroy();
    expect(await site.rows()).toHaveLength(before);
  });
});

describe('33 odd-payloads: outputs', () => {
  it.each([
    ['nul', 'a\u0000b'],
    ['surrogate', 'a\ud800b'],
    ['emoji', '🦑'],
    ['date', '2026-01-02T03:04:05.000Z'],
    ['large', 'x'.repeat(MEBIBYTES_10)],
  ])('%s is stored and comes back', async (kind, expected) => {
    const job = await client.submit('odd-words', { kind, where: 'output' });
    expect(await readable(job)).toMatchObject({ status: 'successful' });
    expect(await client.getJson(`/jobs/${job}/results`)).toBe(expected);
    const sync = await client.execute('odd-words', { inputs: { kind, where: 'output' } });
    expect(await sync.json()).toBe(expected);
  });

  it.each(['nan', 'bigint', 'cycle', 'deep', 'undefined'])('%s: the job ends, in both modes', async (kind) => {
    await readable(await client.submit('odd-words', { kind, where: 'output' }));
    const sync = await client.execute('odd-words', { inputs: { kind, where: 'output' } });
    if (sync.ok) await sync.arrayBuffer();
    else await expectProblem(sync, [500]);
  });
});

describe('33 odd-payloads: what a process says', () => {
  const words = ['nul', 'surrogate', 'emoji', 'large'];
  const noWords = ['deep', 'cycle', 'bigint', 'undefined'];

  it.each(['log', 'data', 'progress', 'print'])(
    'odd words as %s: the job succeeds, its log is readable',
    async (where) => {
      for (const kind of words) {
        const job = await client.submit('odd-words', { kind, where });
        expect({ kind, ...(await readable(job)) }).toMatchObject({ kind, status: 'successful' });
      }
    },
  );

  it.each(['log', 'data', 'progress', 'print'])(
    'what is no text as %s: the job ends, its log is readable',
    async (where) => {
      for (const kind of noWords) {
        const ended = await readable(await client.submit('odd-words', { kind, where }));
        expect({ kind, state: ended.state.type }).not.toEqual({ kind, state: 'CRASHED' });
      }
    },
  );

  it.each(['error', 'rejection', 'thrown'])(
    'odd values as %s: the job fails, its message is readable',
    async (where) => {
      for (const kind of [...words, ...noWords]) {
        const ended = await readable(await client.submit('odd-words', { kind, where }));
        expect({ kind, ...ended }).toMatchObject({ kind, status: 'failed', state: { type: 'FAILED', name: 'Failed' } });
        expect(ended.message!.length).toBeGreaterThan(0);
        expect(ended.message).not.toContain('\u0000');
        await expectProblem(await client.execute('odd-words', { inputs: { kind, where } }), [400, 500]);
      }
    },
  );
});
