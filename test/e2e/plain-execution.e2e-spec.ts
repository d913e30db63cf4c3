import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Client } from '../harness/client.js';
import { Service } from '../harness/service.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

/** A preference that changes nothing, except that the controller has to read it. */
const TO_CONTROLLER = { prefer: 'handling=lenient' };

jest.setTimeout(60_000);

const modules = (...files: string[]) => files.map((file) => resolve('test/fixtures', file)).join(',');

describe.each(['1.0', '2.0'])('Plain execute requests, by default of %s', (dialect) => {
  const directory = temporaryDirectory('e2e-plain');
  let service: Service;
  let client: Client;
  beforeAll(async () => {
    service = await Service.start({
      DATA_DIR: directory.path,
      PROCESS_MODULES: modules('feature-processes.mjs', 'probe-processes.mjs'),
      DEFAULT_DIALECT: dialect,
      INLINE_OUTPUT: '1KiB',
      ROLE: 'api',
    });
    client = new Client(service.url());
  });
  afterAll(async () => {
    await service?.stop();
    directory.remove();
  });

  const answer = async (process: string, body: unknown, said?: Record<string, string>) => {
    const response = await client.execute(process, body, said);
    const { date: _, ...rest } = Object.fromEntries(response.headers);
    const text = await response.text();
    const boundary = /boundary="?([^";]+)/.exec(rest['content-type'] ?? '')?.[1] ?? '\0';
    // Two things are new each time: the boundary between parts, and the id of the request.
    const lasting = (value: string) => value.replaceAll(boundary, '-').replace(/urn:uuid:[0-9a-f-]+/, 'urn:uuid:-');
    const headers = Object.entries(rest).map(([name, value]) => [name, lasting(value)]);
    return { status: response.status, headers, text: lasting(text) };
  };

  it.each<[string, string, unknown]>([
    ['one output', 'noop-bare', { inputs: { name: 'Ada' } }],
    ['no inputs', 'noop-bare', { inputs: {} }],
    ['no inputs member', 'noop-bare', {}],
    [
      'inputs of many kinds',
      'kinds',
      { inputs: { text: 'a', count: 1, object: { a: 1 }, numbers: [1.5], words: 'b' } },
    ],
    ['a list of occurrences', 'kinds', { inputs: { words: ['a', 'b'], counts: [1, 2] } }],
    ['a qualified value', 'kinds', { inputs: { text: { value: 'a' } } }],
    ['bytes', 'kinds', { inputs: { bytes: 'AAAA' } }],
    ['several outputs', 'assorted-bare', { inputs: { note: 'a' } }],
    ['a selection of outputs', 'assorted-bare', { inputs: {}, outputs: { text: {} } }],
    ['an output in a file', 'assorted-bare', { inputs: { size: 5_000 }, outputs: { data: {} } }],
    ['a process that throws', 'assorted-bare', { inputs: { fail: 'It broke.' } }],
    ['wrong values', 'kinds', { inputs: { text: 1, count: 'a', words: [1], unknown: 1 } }],
    ['a number out of range', 'kinds', '{"inputs": {"numbers": [1e999]}}'],
    ['no object', 'kinds', []],
    ['malformed JSON', 'kinds', '{"inputs": {'],
    ['no such process', 'nothing', { inputs: {} }],
  ])('are answered as the controller answers: %s', async (_, process, body) => {
    expect(await answer(process, body)).toEqual(await answer(process, body, TO_CONTROLLER));
  });
});

describe('A module with a guard for every handler', () => {
  const directory = temporaryDirectory('e2e-guarded');
  let service: Service;
  beforeAll(async () => {
    service = await Service.start({ DATA_DIR: directory.path, PROCESS_MODULES: modules('guarded-processes.mjs') });
  });
  afterAll(async () => {
    await service?.stop();
    directory.remove();
  });

  it('guards plain execute requests as well', async () => {
    const execute = (headers: Record<string, string> = {}) =>
      fetch(service.url('/processes/open/execution'), {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: '{"inputs": {}}',
      });
    const refused = await execute();
    expect([refused.ok, await refused.json()]).toEqual([false, expect.objectContaining({ detail: 'Who is there?' })]);
    expect((await execute({ authorization: 'Bearer of-tests' })).status).toBe(200);
  });
});
