import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Client, JobStatus } from '../harness/client.js';
import { sluice } from '../harness/command-line.js';
import { PostgresServer } from '../harness/postgres.js';
import type { Service } from '../harness/service.js';
import { clientOf, Site } from '../harness/site.js';

jest.setTimeout(90_000);

const MODULE = resolve('test/fixtures/block-processes.mjs');
const SETTINGS = { PROCESS_MODULES: MODULE, LOG_LEVEL: 'trace', EXECUTOR_WARM: '1' };
const SECRET = 'hunter2-nobody-sees-this';
const TOO_LONG = 'hunter2-but-longer-than-the-thirty-characters';
const REFERENCE = { $block: 'secret/token' };

const digest = (text: string) => createHash('sha256').update(text).digest('hex');

interface Problem {
  readonly type: string;
  readonly detail: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
}

describe('Blocks in the places of inputs', () => {
  let postgres: PostgresServer;
  let site: Site;
  let service: Service;
  let client: Client;

  const put = async (to: Client, type: string, name: string, values: object) => {
    const body = JSON.stringify({ type, name, values });
    const headers = { 'content-type': 'application/json' };
    expect((await to.fetch('/blocks', { method: 'POST', headers, body })).status).toBe(201);
  };
  const resultOf = (to: Client, jobId: string) => to.getJson(`/jobs/${jobId}/results`);

  beforeAll(async () => {
    postgres = await PostgresServer.start();
    site = await Site.open(postgres, 'postgres', SETTINGS);
    service = await site.api();
    client = clientOf(service);
    await put(client, 'secret', 'token', { value: SECRET });
    await put(client, 'secret', 'long', { value: TOO_LONG });
    await put(client, 'json', 'limits', { value: { most: 3 } });
    await put(client, 'json', 'four', { value: 4 });
    await put(client, 'aws-credentials', 'prod', { accessKeyId: 'AKIA', secretAccessKey: SECRET });
  }, 120_000);
  afterAll(async () => {
    await site?.close();
    await postgres?.remove();
  });

  const accepted = async (process: string, inputs: object): Promise<string> => {
    const response = await client.execute(process, { inputs }, { prefer: 'respond-async' });
    expect(response.status).toBe(201);
    return ((await response.json()) as JobStatus).jobID;
  };

  it('are described where a process declares them', async () => {
    const { inputs } = await client.getJson<{ inputs: Record<string, { schema: unknown }> }>('/processes/token-child');
    expect(inputs.token.schema).toEqual({
      oneOf: [
        { type: 'string', maxLength: 30 },
        {
          type: 'object',
          properties: { $block: { type: 'string', pattern: '^secret/[a-z0-9][a-z0-9._-]{0,63}$' } },
          required: ['$block'],
          additionalProperties: false,
        },
      ],
    });
    expect(inputs.plain.schema).toEqual({ type: 'object' });
  });

  it.each(['token-child', 'token-inline', 'token-bare', 'token-cached', 'token-distributed'])(
    'are resolved in synchronous executions of %s, and nowhere else',
    async (process) => {
      const inputs = {
        token: REFERENCE,
        limits: { $block: 'json/limits' },
        plain: { $block: 'secret/token' },
        many: [1, { $block: 'json/four' }],
      };
      const response = await client.execute(process, { inputs });
      expect({ status: response.status, result: await response.json() }).toEqual({
        status: 200,
        result: {
          token: digest(SECRET),
          limits: digest('{"most":3}'),
          plain: { $block: 'secret/token' },
          many: [1, 4],
        },
      });
    },
  );

  it.each(['token-child', 'token-inline', 'token-distributed'])(
    'are resolved in asynchronous executions of %s, and the row has the reference only',
    async (process) => {
      const id = await accepted(process, { token: REFERENCE, limits: { $block: 'aws-credentials/prod' } });
      expect(await client.ended(id)).toMatchObject({ status: 'successful' });
      const credentials = digest(JSON.stringify({ accessKeyId: 'AKIA', secretAccessKey: SECRET }));
      expect(await resultOf(client, id)).toMatchObject({ token: digest(SECRET), limits: credentials });
      expect((await site.row(id)).inputs).toEqual({ token: REFERENCE, limits: { $block: 'aws-credentials/prod' } });
    },
  );

  it.each([
    ['is not there', { $block: 'secret/no-such' }],
    ['is of another type', { $block: 'json/limits' }],
    ['is no name of a block', { $block: 17 }],
    ['is more than a reference', { ...REFERENCE, more: true }],
    ['has a value that does not fit', { $block: 'secret/long' }],
  ])('are refused with the place of the input when what is referred to %s', async (_, token) => {
    for (const process of ['token-child', 'token-bare']) {
      const response = await client.execute(process, { inputs: { token } }, { prefer: 'respond-async' });
      const problem = (await response.json()) as Problem;
      expect({ status: response.status, pointers: problem.errors?.map(({ pointer }) => pointer) }).toEqual({
        status: 400,
        pointers: ['/inputs/token'],
      });
      expect(JSON.stringify(problem)).not.toContain('hunter2');
    }
  });

  it('are those of the time of the run: changed ones have their new value, removed ones fail the job', async () => {
    const waiting = await Site.open(postgres, 'postgres', SETTINGS);
    try {
      const api = clientOf(await waiting.api({ ROLE: 'api' }));
      for (const name of ['changed', 'removed', 'grown']) await put(api, 'secret', name, { value: SECRET });
      const submit = (name: string) => api.submit('token-child', { token: { $block: `secret/${name}` } });
      const [changed, removed, grown] = [await submit('changed'), await submit('removed'), await submit('grown')];
      const change = async (name: string, value: string) => {
        const body = JSON.stringify({ values: { value } });
        const headers = { 'content-type': 'application/json' };
        expect((await api.fetch(`/blocks/secret/${name}`, { method: 'PUT', headers, body })).status).toBe(200);
      };
      await change('changed', 'hunter2-renewed');
      await change('grown', TOO_LONG);
      expect((await api.fetch('/blocks/secret/removed', { method: 'DELETE' })).status).toBe(204);

      const worker = await waiting.worker();
      expect(await api.ended(changed)).toMatchObject({ status: 'successful' });
      expect(await resultOf(api, changed)).toMatchObject({ token: digest('hunter2-renewed') });
      for (const [id, reason] of [
        [removed, 'There is no block "secret/removed".'],
        [grown, 'The value does not fit the input'],
      ]) {
        expect(await api.ended(id)).toMatchObject({ status: 'failed', message: expect.stringContaining(reason) });
        const results = await api.get(`/jobs/${id}/results`);
        const problem = (await results.json()) as Problem;
        expect({ status: results.status, problem }).toMatchObject({
          status: 409,
          problem: {
            type: expect.stringMatching(/block-unusable$/),
            errors: [{ pointer: '/inputs/token', detail: expect.stringContaining(reason) }],
          },
        });
        expect(JSON.stringify(problem)).not.toContain('hunter2');
      }
      expect(JSON.stringify(worker.lines) + worker.errors).not.toContain('hunter2');
    } finally {
      await waiting.close();
    }
  });

  it('appear nowhere: not in documents of the job, not in any row, not in the log of the service', async () => {
    const ids = [];
    for (const process of ['token-child', 'token-inline', 'token-distributed']) {
      const id = await accepted(process, { token: REFERENCE });
      expect(await client.ended(id)).toMatchObject({ status: 'successful' });
      ids.push(id);
    }
    for (const process of ['blab-child', 'blab-inline', 'blab-flow', 'blab-flow-inline', 'blab-distributed']) {
      const id = await accepted(process, { token: REFERENCE });
      expect(await client.ended(id)).toMatchObject({
        status: 'failed',
        message: expect.stringContaining('no luck with [redacted]'),
      });
      const logs = await (await client.get(`/jobs/${id}/logs`)).text();
      expect(logs).toContain('logged [redacted]');
      expect(logs.includes('printed [redacted]')).toBe(!process.endsWith('inline'));
      ids.push(id);
    }
    const bare = await client.execute('blab-bare', { inputs: { token: REFERENCE } });
    expect(await bare.json()).toMatchObject({ status: 500, detail: 'no luck with [redacted]' });
    const resources = ['', '/logs', '/events', '/results', '/tasks'];
    const paths = ids.flatMap((id) => resources.map((path) => `/jobs/${id}${path}`));
    const texts = await Promise.all(paths.map(async (path) => (await client.get(path)).text()));
    expect(texts.filter((text) => text.includes('hunter2'))).toEqual([]);
    const tables = await site.query<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'sluice'`,
    );
    for (const { name } of tables) {
      const found = await site.query(`SELECT 1 FROM sluice."${name}" AS r WHERE r::text LIKE '%hunter2%'`);
      expect({ name, found: found.length }).toEqual({ name, found: 0 });
    }
    expect(JSON.stringify(service.lines) + service.errors).not.toContain('hunter2');
  });

  it('are refused by local runs, which have no blocks', async () => {
    const args = ['flow', 'run', 'token-child', 'token:={"$block":"secret/token"}', '--local', '--module', MODULE];
    const { code, stderr } = await sluice(args);
    expect({ code, stderr }).toEqual({
      code: expect.any(Number),
      stderr: expect.stringContaining('a local run has none'),
    });
    expect(code).not.toBe(0);
  });
});
