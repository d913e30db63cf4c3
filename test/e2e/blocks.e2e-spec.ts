import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import { Client } from '../harness/client.js';
import { sluice } from '../harness/command-line.js';
import { PostgresServer } from '../harness/postgres.js';
import { Receiver } from '../harness/receiver.js';
import { Service } from '../harness/service.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

jest.setTimeout(180_000);

const SECRET = 'hunter2-is-what-nobody-may-see';
const MARK = { $secret: true };
const AWS = { accessKeyId: 'AKIA', secretAccessKey: SECRET };

interface Block {
  readonly id: string;
  readonly values: Record<string, unknown>;
  readonly version: number;
  readonly origin: string;
  readonly links: readonly { readonly rel: string; readonly href: string }[];
}

interface Problem {
  readonly type: string;
  readonly detail: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
}

const REFERENCE = (ref: string) => ({ $block: ref });

describe('Blocks', () => {
  const directory = temporaryDirectory('e2e-blocks');
  let postgres: PostgresServer;
  let database: pg.Client;
  let settings: Record<string, string>;
  let service: Service;
  let client: Client;

  beforeAll(async () => {
    postgres = await PostgresServer.start();
    const url = await postgres.createDatabase();
    settings = {
      DATABASE_URL: url,
      DATA_DIR: join(directory.path, 'data'),
      EXECUTOR_WARM: '0',
      ROLE: 'api',
      MAX_BLOCKS: '20',
      LOG_LEVEL: 'trace',
    };
    service = await Service.start(settings);
    client = new Client(service.url());
    database = new pg.Client({ connectionString: url, options: '-c search_path=sluice' });
    database.on('error', () => undefined);
    await database.connect();
  }, 120_000);
  beforeEach(() => database.query('DELETE FROM block'));
  afterAll(async () => {
    await database?.end();
    await service?.stop();
    await postgres?.remove();
    directory.remove();
  }, 60_000);

  const send = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    client.fetch(path, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  const create = (type: string, name: string, values: object) => send('POST', '/blocks', { type, name, values });
  const created = async (type: string, name: string, values: object) => {
    const response = await create(type, name, values);
    expect({ status: response.status, text: response.status === 201 ? '' : await response.text() }).toMatchObject({
      status: 201,
    });
    return { block: (await response.json()) as Block, tag: response.headers.get('etag')! };
  };
  const problemOf = async (response: Response, status: number, code: string): Promise<Problem> => {
    const problem = (await response.json()) as Problem;
    expect({ status: response.status, type: problem.type }).toEqual({
      status,
      type: expect.stringMatching(new RegExp(`/${code}$`)),
    });
    return problem;
  };

  it('have types, each with a schema of its values', async () => {
    const { types } = await client.getJson<{ types: { type: string }[] }>('/block-types');
    expect(types.map(({ type }) => type)).toEqual(expect.arrayContaining(['aws-credentials', 'json', 'secret']));
    expect(await client.getJson('/block-types/aws-credentials')).toMatchObject({
      schema: {
        properties: { accessKeyId: { type: 'string' }, secretAccessKey: { writeOnly: true } },
        required: ['accessKeyId', 'secretAccessKey'],
      },
    });
    await problemOf(await client.get('/block-types/no-such'), 404, 'no-such-block-type');
  });

  it('are stored, shown, replaced, changed and removed', async () => {
    const { block, tag } = await created('json', 'limits', { value: { most: 3 } });
    expect(block).toMatchObject({ id: 'json/limits', values: { value: { most: 3 } }, version: 1, origin: 'api' });
    const self = block.links.find(({ rel }) => rel === 'self')!.href;
    expect(self).toBe(`${client.base}/blocks/json/limits`);

    const shown = await client.get('/blocks/json/limits');
    expect({ tag: shown.headers.get('etag'), body: await shown.json() }).toEqual({ tag, body: block });

    const replaced = await send('PUT', '/blocks/json/limits', { values: { value: [1] } });
    expect(await replaced.json()).toMatchObject({ version: 2, values: { value: [1] } });
    expect(replaced.headers.get('etag')).not.toBe(tag);
    const changed = await send('PATCH', '/blocks/json/limits', { values: { value: 'text' } });
    expect(await changed.json()).toMatchObject({ version: 3, values: { value: 'text' } });

    expect((await send('DELETE', '/blocks/json/limits')).status).toBe(204);
    for (const method of ['GET', 'DELETE']) {
      await problemOf(await send(method, '/blocks/json/limits'), 404, 'no-such-block');
    }
    await problemOf(await send('PUT', '/blocks/json/limits', { values: {} }), 404, 'no-such-block');
    await problemOf(await client.get('/blocks/No%20such/x'), 404, 'no-such-block');
  });

  it('show nobody their secrets: not in answers, not in the log, not in the rows', async () => {
    const { block } = await created('aws-credentials', 'prod', AWS);
    expect(block.values).toEqual({ accessKeyId: 'AKIA', secretAccessKey: MARK });
    const answers = [
      await create('aws-credentials', 'prod', AWS),
      await create('aws-credentials', 'odd', { accessKeyId: 1, secretAccessKey: [SECRET] }),
      await create('aws-credentials', 'odd', { ...AWS, sessionToken: { deep: SECRET } }),
      await create('secret', 'odd', { value: { $secret: SECRET } }),
      await send('POST', '/blocks', `{"type":"secret","name":"x","values":{"value":"${SECRET}"},}`),
      await send('PUT', '/blocks/aws-credentials/prod', { values: { secretAccessKey: 17, sessionToken: SECRET } }),
      await send('PATCH', '/blocks/aws-credentials/prod', { values: { sessionToken: SECRET } }),
      await send('POST', '/blocks/aws-credentials/prod/test', {}),
      await client.get('/blocks'),
      await client.get('/blocks/aws-credentials/prod'),
    ];
    expect(answers.map(({ status }) => status)).toEqual([409, 400, 400, 400, 400, 400, 200, 200, 200, 200]);
    const texts = await Promise.all(answers.map((answer) => answer.text()));
    expect(texts.filter((text) => text.includes('hunter2'))).toEqual([]);

    const { rows } = await database.query<Record<string, unknown>>('SELECT * FROM block');
    expect(rows.map(({ name }) => name)).toEqual(['prod']);
    expect(Object.keys(rows[0].secrets as object).sort()).toEqual(['secretAccessKey', 'sessionToken']);
    expect(JSON.stringify(rows)).not.toContain('hunter2');
    expect(JSON.stringify(service.lines) + service.errors).not.toContain('hunter2');
  });

  it('keep a secret that is sent back as it was shown', async () => {
    const { block } = await created('aws-credentials', 'prod', { ...AWS, sessionToken: 'temporary' });
    const secrets = async () =>
      (await database.query<{ secrets: Record<string, unknown> }>('SELECT secrets FROM block')).rows[0].secrets;
    const before = await secrets();

    const values = { ...block.values, accessKeyId: 'AKIB' };
    const replaced = await send('PUT', '/blocks/aws-credentials/prod', { values });
    expect(await replaced.json()).toMatchObject({ values });
    expect(await secrets()).toEqual(before);

    const changed = await send('PATCH', '/blocks/aws-credentials/prod', {
      values: { sessionToken: null, secretAccessKey: 'another' },
    });
    expect(((await changed.json()) as Block).values).toEqual({ accessKeyId: 'AKIB', secretAccessKey: MARK });
    expect(Object.keys(await secrets())).toEqual(['secretAccessKey']);
    expect(await secrets()).not.toEqual({ secretAccessKey: before.secretAccessKey });

    const nothing = await create('aws-credentials', 'other', { ...AWS, secretAccessKey: MARK });
    expect((await problemOf(nothing, 400, 'InvalidParameterValue')).errors).toEqual([
      { pointer: '/values/secretAccessKey', detail: 'There is no stored secret to keep.' },
    ]);
  });

  it.each([
    ['s3', 'endpoint', { bucket: 'b', ...AWS }, 'secretAccessKey'],
    ['http', 'baseUrl', { headers: { authorization: SECRET } }, 'headers'],
    ['git', 'url', { token: SECRET }, 'token'],
    ['remote-file-system', 'basepath', { settings: { token: SECRET } }, 'settings'],
  ])('of type %s keep their secrets when %s leads elsewhere', async (type, address, values, secret) => {
    await created(type, 'moved', { ...values, [address]: 'https://here.example.org/' });
    const moved = await send('PATCH', `/blocks/${type}/moved`, { values: { [address]: 'https://there.example.org/' } });
    expect(moved.status).toBe(400);
    expect(((await moved.json()) as Problem).errors).toEqual([
      { pointer: `/values/${secret}`, detail: 'The secret must be given again, because the address changes.' },
    ]);
    const { values: kept } = await client.getJson<Block>(`/blocks/${type}/moved`);
    expect(kept[address]).toBe('https://here.example.org/');
  });

  it('that refer to a secret send it to no private address in a test, unless ALLOW_PRIVATE_STORAGE says so', async () => {
    const foreign = await Receiver.start();
    try {
      await created('secret', 'token', { value: SECRET });
      await created('aws-credentials', 'prod', { accessKeyId: 'AKIA', secretAccessKey: REFERENCE('secret/token') });
      const at = 'https://here.example.org/';
      await created('git', 'moved', { url: at, token: REFERENCE('secret/token') });
      await created('s3', 'moved', { bucket: 'b', endpoint: at, credentials: REFERENCE('aws-credentials/prod') });
      await created('http', 'moved', { baseUrl: at });
      const moves = [
        ['git', { url: foreign.url('/x.git') }],
        ['s3', { endpoint: foreign.url('') }],
        ['http', { baseUrl: foreign.url('/'), headers: { authorization: SECRET } }],
      ] as const;
      for (const [type, values] of moves) {
        expect((await send('PATCH', `/blocks/${type}/moved`, { values })).status).toBe(200);
        const outcome = await (await send('POST', `/blocks/${type}/moved/test`, {})).json();
        expect(outcome).toEqual({ ok: false, detail: expect.stringContaining('ALLOW_PRIVATE_STORAGE') });
        expect(JSON.stringify(outcome)).not.toContain(SECRET);
      }
      expect(foreign.calls).toEqual([]);
    } finally {
      await foreign.down();
    }
  });

  it('refuse values that are not valid, with all faults at once', async () => {
    const problem = await problemOf(
      await create('aws-credentials', 'x', { secretAccessKey: '', colour: 'red', region: 5 }),
      400,
      'InvalidParameterValue',
    );
    expect(problem.errors!.map(({ pointer }) => pointer).sort()).toEqual([
      '/values/accessKeyId',
      '/values/colour',
      '/values/region',
      '/values/secretAccessKey',
    ]);
    const body = await problemOf(
      await send('POST', '/blocks', { type: 'Json', name: '../x', value: 1 }),
      400,
      'InvalidParameterValue',
    );
    expect(body.errors!.map(({ pointer }) => pointer).sort()).toEqual(['/name', '/type', '/value', '/values']);
    const named = await problemOf(await create('s3', 'No Name', { prefix: 5 }), 400, 'InvalidParameterValue');
    expect(named.errors!.map(({ pointer }) => pointer)).toEqual(['/name', '/values/bucket', '/values/prefix']);
    await problemOf(await create('no-such', 'x', {}), 404, 'no-such-block-type');
    await problemOf(await create('json', 'x', { value: 'x'.repeat(70_000) }), 413, 'body-too-large');
    await created('json', 'x', { value: 1 });
    await problemOf(await create('json', 'x', { value: 2 }), 409, 'block-name-taken');
  });

  it('refer to blocks that are there, never in a ring, and hold those that others need', async () => {
    const missing = await create('secret', 'a', { value: REFERENCE('secret/b') });
    expect((await problemOf(missing, 400, 'InvalidParameterValue')).errors).toEqual([
      { pointer: '/values/value/$block', detail: 'There is no block secret/b.' },
    ]);
    await created('secret', 'b', { value: SECRET });
    expect((await created('secret', 'a', { value: REFERENCE('secret/b') })).block.values).toEqual({
      value: REFERENCE('secret/b'),
    });
    const ring = await send('PUT', '/blocks/secret/b', { values: { value: REFERENCE('secret/a') } });
    expect((await problemOf(ring, 400, 'InvalidParameterValue')).errors).toEqual([
      {
        pointer: '/values/value/$block',
        detail: 'The references would make a ring: secret/b -> secret/a -> secret/b.',
      },
    ]);
    const used = await problemOf(await send('DELETE', '/blocks/secret/b'), 409, 'block-in-use');
    expect(used.detail).toContain('secret/a refer(s) to it');
    expect((await send('DELETE', '/blocks/secret/a')).status).toBe(204);
    expect((await send('DELETE', '/blocks/secret/b')).status).toBe(204);
  });

  it('change only as long as they are what If-Match says', async () => {
    const { tag } = await created('json', 'x', { value: 1 });
    const put = (value: number, ifMatch: string) =>
      send('PUT', '/blocks/json/x', { values: { value } }, { 'if-match': ifMatch });
    expect((await put(2, tag)).status).toBe(200);
    await problemOf(await put(3, tag), 412, 'precondition-failed');
    await problemOf(await put(3, `W/${tag}`), 412, 'precondition-failed');
    expect((await put(3, '*')).status).toBe(200);
    await problemOf(await send('DELETE', '/blocks/json/x', undefined, { 'if-match': tag }), 412, 'precondition-failed');
    expect((await send('DELETE', '/blocks/json/x')).status).toBe(204);
    await created('json', 'x', { value: 1 });
    await problemOf(await put(4, tag), 412, 'precondition-failed');
  });

  it('are listed page by page, by type and name', async () => {
    for (const name of ['b', 'a', 'c', 'a-b', 'a.b']) await created('json', name, { value: name });
    await created('secret', 'z', { value: SECRET });
    const names: string[] = [];
    for (let path: string | undefined = '/blocks?limit=2'; path !== undefined;) {
      const page: { blocks: Block[]; links: Block['links'] } = await client.getJson(path);
      expect(page.blocks.length).toBeLessThanOrEqual(2);
      names.push(...page.blocks.map(({ id }) => id));
      path = page.links.find(({ rel }) => rel === 'next')?.href.slice(client.base.length);
    }
    expect(names).toEqual(['json/a', 'json/a-b', 'json/a.b', 'json/b', 'json/c', 'secret/z']);
    const secrets = await client.getJson<{ blocks: Block[] }>('/blocks?type=secret');
    expect(secrets.blocks.map(({ id, values }) => [id, values])).toEqual([['secret/z', { value: MARK }]]);
  });

  it('are bounded in number', async () => {
    for (let index = 0; index < 20; index++) await created('json', `n${index}`, { value: index });
    await problemOf(await create('json', 'more', { value: 1 }), 409, 'too-many-blocks');
  });

  it('say that they cannot be used when a secret was changed in the database', async () => {
    await created('secret', 'a', { value: SECRET });
    await created('secret', 'b', { value: 'another' });
    await database.query(`UPDATE block SET secrets = (SELECT secrets FROM block WHERE name = 'b') WHERE name = 'a'`);
    const test = (await (await send('POST', '/blocks/secret/a/test', {})).json()) as { ok: boolean; detail: string };
    expect(test).toEqual({ ok: false, detail: expect.stringContaining('its secret value does not fit the key') });
    await problemOf(await send('PUT', '/blocks/secret/a', { values: { value: MARK } }), 409, 'block-unusable');
    expect((await send('PUT', '/blocks/secret/a', { values: { value: 'anew' } })).status).toBe(200);
    expect(await (await send('POST', '/blocks/secret/a/test', {})).json()).toMatchObject({ ok: true });
  });

  it('are out of the reach of scripts of other origins', async () => {
    const origin = 'https://evil.example';
    const ask = { origin, 'access-control-request-method': 'PUT' };
    for (const path of ['/blocks', '/blocks/json/x', '/blocks/json/x/test']) {
      const preflight = await fetch(service.url(path), { method: 'OPTIONS', headers: ask });
      expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([405, null]);
    }
    const read = await client.get('/blocks', { origin });
    expect(read.headers.get('access-control-allow-origin')).toBeNull();
    const form = { origin, 'content-type': 'text/plain' };
    await problemOf(await send('POST', '/blocks', '{}', form), 415, 'unsupported-media-type');
    await problemOf(await send('POST', '/blocks/json/x/test', undefined, { origin }), 415, 'unsupported-media-type');
    const elsewhere = await fetch(service.url('/processes'), { method: 'OPTIONS', headers: ask });
    expect(elsewhere.headers.get('access-control-allow-origin')).toBe('*');
  });

  describe('from a terminal', () => {
    const run = (args: string[], json = true) =>
      sluice(['block', ...args, '--url', service.url(), ...(json ? ['--json'] : [])]);

    it('are registered, listed, inspected, tested and deleted', async () => {
      const token = join(directory.path, 'token.txt');
      writeFileSync(token, `${SECRET}\n`);
      expect(await run(['register', 'secret/token', `value=@${token}`], false)).toMatchObject({
        ...{ code: 0, stdout: 'secret/token: stored, version 1\n' },
      });
      expect(await run(['register', 'secret/token', 'value=x'])).toMatchObject({ code: 2 });
      const replaced = await run(['register', 'secret/token', 'value={"$block":"secret/other"}', '--replace']);
      expect(replaced.stdout).toContain('There is no block secret/other.');
      expect(JSON.parse((await run(['ls', '--type', 'secret'])).stdout)).toMatchObject({
        blocks: [{ id: 'secret/token', values: { value: MARK } }],
      });
      expect((await run(['inspect', 'secret/token'], false)).stdout).toMatch(
        /^secret\/token\n.*\n\n.*\nvalue +\(a secret\)/,
      );
      expect(await run(['test', 'secret/token'], false)).toMatchObject({
        ...{ code: 0, stdout: expect.stringMatching(/^secret\/token: works/) },
      });
      expect(await run(['delete', 'secret/token'], false)).toMatchObject({
        ...{ code: 0, stdout: 'secret/token: removed\n' },
      });
      expect(await run(['delete', 'secret/token'])).toMatchObject({ code: 2 });
      expect(await run(['inspect', 'token'])).toMatchObject({ code: 1 });
    });

    it('show what their types hold', async () => {
      expect((await run(['types'], false)).stdout).toMatch(/^TYPE +DESCRIPTION\n(.*\n)*secret +One secret text/);
      const { stdout } = await run(['types', 'aws-credentials'], false);
      expect(stdout).toMatch(/^secretAccessKey +string \| object +required, secret +Secret access key$/m);
    });

    it('fail with exit code 2 where the test does', async () => {
      await created('secret', 'a', { value: SECRET });
      await database.query(`UPDATE block SET secrets = '{}'`);
      const { code, stdout } = await run(['test', 'secret/a']);
      expect({ code, ...(JSON.parse(stdout) as object) }).toMatchObject({ code: 2, ok: false });
    });
  });

  it('get another key by rotate-secrets, while the service runs', async () => {
    await created('secret', 'a', { value: SECRET });
    await created('json', 'b', { value: 1 });
    const old = readFileSync(join(settings.DATA_DIR, 'secret.key'), 'utf8').trim();
    const keys = join(directory.path, 'keys');
    writeFileSync(keys, `new:${Buffer.alloc(32, 7).toString('base64')}\n${old}\n`);
    const env = { ...settings, SECRET_KEYS_FILE: keys };
    const kid = async () =>
      (await database.query<{ kid: string }>(`SELECT secrets -> 'value' ->> 'kid' AS kid FROM block WHERE name = 'a'`))
        .rows[0].kid;
    expect(await kid()).toMatch(/^file-/);

    expect(await sluice(['rotate-secrets'], { env })).toMatchObject({ code: 0 });
    expect(await kid()).toBe('new');
    expect((await client.getJson<Block>('/blocks/secret/a')).version).toBe(1);

    writeFileSync(keys, `other:${Buffer.alloc(32, 8).toString('base64')}`);
    const failed = await sluice(['rotate-secrets'], { env });
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining('is encrypted with the key "new"') });
    expect(await kid()).toBe('new');
  });

  it('come from a file at the start, and cannot be changed in the API then', async () => {
    const secretFile = join(directory.path, 'password');
    writeFileSync(secretFile, `${SECRET}\n`);
    const file = join(directory.path, 'blocks.yaml');
    const text = `
aws-credentials/prod:
  accessKeyId: { $env: THE_KEY_ID }
  secretAccessKey: { $block: secret/aws }
secret/aws:
  value: { $file: password }
json/list:
  value: [1, { a: two }]
`;
    writeFileSync(file, text);
    const env = { ...settings, BLOCKS_FILE: file, THE_KEY_ID: 'AKIA' };
    await created('json', 'list', { value: 'taken over' });
    const nodes = await Promise.all([Service.start(env), Service.start(env)]);
    try {
      const blocks = await client.getJson<{ blocks: Block[] }>('/blocks');
      expect(blocks.blocks.map(({ id, origin, version, values }) => [id, origin, version, values])).toEqual([
        ['aws-credentials/prod', 'file', 1, { accessKeyId: 'AKIA', secretAccessKey: REFERENCE('secret/aws') }],
        ['json/list', 'file', 2, { value: [1, { a: 'two' }] }],
        ['secret/aws', 'file', 1, { value: MARK }],
      ]);
      for (const [method, body] of [
        ['PUT', { values: { value: 'x' } }],
        ['DELETE', undefined],
      ] as const) {
        const refused = await fetch(nodes[0].url('/blocks/secret/aws'), {
          method,
          ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
        });
        await problemOf(refused, 409, 'block-is-read-only');
      }
    } finally {
      await Promise.all(nodes.map((node) => node.stop()));
    }
    writeFileSync(file, 'secret/aws:\n  value: { $file: password }\n');
    await (await Service.start(env)).stop();
    const { origin, version } = await client.getJson<Block>('/blocks/json/list');
    expect({ origin, version }).toEqual({ origin: 'api', version: 3 });
    expect((await client.getJson<Block>('/blocks/secret/aws')).version).toBe(1);
    // This node names no file: it lets go of what came from one.
    const changed = await send('PUT', '/blocks/secret/aws', { values: { value: 'x' } });
    expect(await changed.json()).toMatchObject({ origin: 'api', version: 2 });
  });

  it('fail the start where the file has faults, all of them at once and no value repeated', async () => {
    const file = join(directory.path, 'wrong.yaml');
    writeFileSync(file, `secret/a: { value: [${SECRET}] }\nNo: {}\njson/x: { value: { $file: nowhere } }\n`);
    const broken = Service.spawn({ ...settings, BLOCKS_FILE: file });
    expect(await broken.exited()).toBe(1);
    expect(broken.errors).toContain('2 fault(s) in BLOCKS_FILE');
    expect(broken.errors).toMatch(/json\/x, value: the file .*nowhere cannot be read \(ENOENT\)/);
    writeFileSync(file, `secret/a: { value: [${SECRET}] }\nsecret/b: { value: { $block: secret/a } }\n`);
    const wrong = Service.spawn({ ...settings, BLOCKS_FILE: file });
    expect(await wrong.exited()).toBe(1);
    expect(wrong.errors).toContain('secret/a, value: Expected');
    expect(wrong.errors + broken.errors).not.toContain('hunter2');
    expect((await client.getJson<{ blocks: Block[] }>('/blocks')).blocks).toEqual([]);
  });
});
