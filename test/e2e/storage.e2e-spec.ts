import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { eventually } from '../harness/backends.js';
import type { Client } from '../harness/client.js';
import { OwnService } from '../harness/own-service.js';
import { expectProblem, OWN_PROBLEM } from '../harness/problem.js';
import { StorageSite } from '../harness/storage-site.js';

const SIZE = 3 * 65_536 + 17;
const SHA256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

jest.setTimeout(120_000);

/** What the process `stored-file` writes. */
function content(size: number): Buffer {
  const block = Buffer.alloc(65_536, 'sluice');
  const whole = Array.from({ length: Math.ceil(size / block.length) }, () => block);
  return Buffer.concat(whole).subarray(0, size);
}

describe('a storage of jobs', () => {
  const own = new OwnService('e2e-storage');
  const blocks = own.path('blocks.yaml');
  mkdirSync(dirname(blocks), { recursive: true });
  let site: StorageSite;
  let service: OwnService;
  let client: Client;

  beforeAll(async () => {
    site = await StorageSite.open(blocks, { 's3/own': { prefix: 'own' }, 's3/data': { prefix: 'data' } });
    service = new OwnService('e2e-storage-service', { ...site.settings, LINK_LIFETIME: '5s', EXECUTOR_WARM: '0' });
    client = await service.start();
  });
  afterAll(async () => {
    await service.stop();
    await own.stop();
    await site.close();
  });

  /** What lies in the directory of a job on the node. */
  const here = (jobId: string) => {
    const directory = join(service.data, 'jobs', jobId);
    return existsSync(directory) ? readdirSync(directory) : [];
  };

  const finished = async (processId: string, inputs: Record<string, unknown>) => {
    const id = await client.submit(processId, inputs);
    expect(await client.ended(id)).toMatchObject({ status: 'successful' });
    return id;
  };

  it('holds the files of outputs, and the node nothing of them; small values are in the database', async () => {
    const id = await finished('stored-file', { size: SIZE });
    expect(await site.keys(`jobs/${id}/`)).toEqual([`jobs/${id}/1/outputs/file`]);
    expect(await site.bucket.stat(`jobs/${id}/1/outputs/file`)).toMatchObject({
      size: SIZE,
      mediaType: 'application/x-netcdf',
    });
    expect(here(id)).toEqual([]);
    expect(await client.getJson(`/jobs/${id}/results/size`)).toBe(SIZE);
  });

  it('gives outputs by value: whole, in ranges, by their entity tag, and their headers alone', async () => {
    const id = await finished('stored-file', { size: SIZE });
    const path = `/jobs/${id}/results/file`;
    const whole = await client.get(path);
    const body = Buffer.from(await whole.arrayBuffer());
    expect(body.equals(content(SIZE))).toBe(true);
    const etag = `"${SHA256(body)}"`;
    expect(Object.fromEntries(whole.headers)).toMatchObject({
      'content-type': 'application/x-netcdf',
      'content-length': String(SIZE),
      'accept-ranges': 'bytes',
      etag,
    });
    const part = await client.get(path, { range: 'bytes=65530-65540', 'if-range': etag });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 65530-65540/${SIZE}`]);
    expect(Buffer.from(await part.arrayBuffer()).equals(body.subarray(65_530, 65_541))).toBe(true);
    const suffix = await client.get(path, { range: 'bytes=-5' });
    expect(Buffer.from(await suffix.arrayBuffer()).equals(body.subarray(-5))).toBe(true);
    expect((await client.get(path, { range: `bytes=${SIZE}-` })).status).toBe(416);
    expect((await client.get(path, { 'if-none-match': etag })).status).toBe(304);
    const head = await client.fetch(path, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length'), head.headers.get('etag')]).toEqual([
      200,
      String(SIZE),
      etag,
    ]);
  });

  it('gives outputs by reference as links that need nothing of this API, fresh at each reading', async () => {
    const outputs = { file: { transmissionMode: 'reference' } };
    const body = { inputs: { size: SIZE }, outputs, response: 'document' };
    const created = await client.execute('stored-file', body, { prefer: 'respond-async' });
    const { jobID: id } = (await created.json()) as { jobID: string };
    await client.ended(id);
    const { file } = await client.getJson<{ file: { href: string; type: string } }>(`/jobs/${id}/results`);
    expect(file).toMatchObject({ type: 'application/x-netcdf', href: expect.stringContaining(site.proxy.endpoint) });
    const direct = await fetch(file.href);
    expect(direct.headers.get('content-type')).toBe('application/x-netcdf');
    expect(Buffer.from(await direct.arrayBuffer()).equals(content(SIZE))).toBe(true);
  });

  it('links to values of the database with a signature, which ends, and cannot be made by others', async () => {
    const body = { inputs: { size: 1 }, outputs: { size: { transmissionMode: 'reference' } }, response: 'document' };
    const created = await client.execute('stored-file', body, { prefer: 'respond-async' });
    const { jobID: id } = (await created.json()) as { jobID: string };
    await client.ended(id);
    const { size } = await client.getJson<{ size: { href: string } }>(`/jobs/${id}/results`);
    const path = size.href.slice(client.base.length);
    expect(path).toMatch(new RegExp(`^/jobs/${id}/results/size\\?expires=\\d+&signature=[\\w-]{43}$`));
    expect(await client.getJson(path)).toBe(1);
    await expectProblem(await client.get(path.replace('/size?', '/file?')), 403, `${OWN_PROBLEM}/link-forged`);
    await expectProblem(
      await client.get(path.replace(/expires=\d+/, 'expires=99999999999')),
      403,
      `${OWN_PROBLEM}/link-forged`,
    );
    const expired = await eventually(async () => {
      const response = await client.get(path);
      return response.status === 410 ? response : undefined;
    }, 'the link expires');
    await expectProblem(expired, 410, `${OWN_PROBLEM}/link-expired`);
    expect(await client.getJson(`/jobs/${id}/results/size`)).toBe(1);
  });

  it('takes staged inputs too, which a worker anywhere reads', async () => {
    const bytes = content(400_000);
    const file = { value: bytes.toString('base64'), encoding: 'base64', mediaType: 'application/octet-stream' };
    const id = await finished('stored-input', { file });
    expect(await client.getJson(`/jobs/${id}/results/sha256`)).toBe(SHA256(bytes));
    expect(await site.keys(`jobs/${id}/`)).toEqual([`jobs/${id}/inputs/0`]);
    expect(here(id)).toEqual([]);
    const response = await client.execute('stored-input', { inputs: { file } });
    expect(await response.json()).toBe(SHA256(bytes));
  });

  it('loses the files of a job that is dismissed after its end', async () => {
    const id = await finished('stored-file', { size: SIZE });
    expect((await client.dismiss(id)).status).toBe(200);
    await eventually(async () => ((await site.keys(`jobs/${id}/`)).length === 0 ? true : undefined), 'they are gone');
  });

  it.each([['uses-storage'], ['uses-storage-inline'], ['uses-storage-bare']])(
    'is at the hand of the code of %s, in a place of the process alone',
    async (processId) => {
      const response = await client.execute(processId, { inputs: { key: 'a/b.txt' } });
      expect(await response.json()).toEqual({
        put: 5,
        read: 'hello',
        keys: ['a/b.txt'],
        size: 5,
        gone: 'StorageError not-found',
        escape: 'invalid-key',
        undeclared: expect.stringContaining('does not declare the storage "s3/other"'),
      });
      expect(await site.keys(`processes/${processId}/`)).toEqual([]);
    },
  );

  it('gives way to the one that a process names, whose code has those at hand that it declares', async () => {
    await site.bucket.put('data/a/b.txt', Buffer.from('from elsewhere'));
    const id = await finished('own-storage', { size: SIZE, key: 'a/b.txt' });
    expect(await site.keys(`jobs/${id}/`)).toEqual([]);
    expect(await site.keys(`own/jobs/${id}/`)).toEqual([`own/jobs/${id}/1/outputs/file`]);
    const file = await client.get(`/jobs/${id}/results/file`);
    expect(Buffer.from(await file.arrayBuffer()).equals(content(SIZE))).toBe(true);
    expect(await client.getJson(`/jobs/${id}/results/found`)).toBe('from elsewhere');
    expect(await text(await site.bucket.get('data/a/b.txt.copy'))).toBe('from elsewhere');
    expect(await site.keys('own/processes/')).toEqual(['own/processes/own-storage/seen']);
    expect(await site.keys('processes/own-storage/')).toEqual([]);
    expect(here(id)).toEqual([]);
  });
});

describe('RESULT_TTL', () => {
  const own = new OwnService('e2e-result-ttl', { CATALOG: 'true', RESULT_TTL: '0s' });
  let client: Client;

  beforeAll(async () => {
    client = await own.start();
  });
  afterAll(() => own.stop());

  it('removes results while their job stays', async () => {
    const id = await client.submit('hello-world', { name: 'A' });
    await client.ended(id);
    const gone = await eventually(async () => {
      const response = await client.get(`/jobs/${id}/results`);
      return response.status === 410 ? response : undefined;
    }, 'the results expire');
    await expectProblem(gone, 410, `${OWN_PROBLEM}/results-expired`);
    expect(await client.status(id)).toMatchObject({ status: 'successful' });
  });
});
