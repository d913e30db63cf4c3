import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { Upload } from 'tus-js-client';
import { configuration, ping } from '../harness/ek60-generator.js';
import type { Client } from '../harness/client.js';
import { eventually } from '../harness/backends.js';
import { OwnService } from '../harness/own-service.js';
import { expectProblem, OGC_PROBLEM, OWN_PROBLEM, pointersOf } from '../harness/problem.js';

jest.setTimeout(60_000);

interface UploadDocument {
  readonly id: string;
  readonly href: string;
  readonly name?: string;
  readonly mediaType?: string;
  readonly size?: number;
  readonly received: number;
  readonly complete: boolean;
}

const BAD = `${OWN_PROBLEM}/bad-request`;
const RECORDING = Buffer.concat([
  configuration([{ frequency: 38_000 }]),
  ping({ channel: 1, power: Array.from({ length: 200 }, () => -512) }),
]);

describe('Uploads', () => {
  const own = new OwnService('e2e-uploads', {
    MAX_UPLOAD: '2MiB',
    MAX_UPLOADS: '6',
    MAX_BODY: '64KiB',
    MAX_REFERENCE: '1KiB',
  });
  let client: Client;

  beforeAll(async () => {
    client = await own.start();
  });
  afterAll(() => own.stop());

  const send = (body: RequestInit['body'], headers: Record<string, string> = {}, query = '') =>
    client.fetch(`/uploads${query}`, { method: 'POST', body, headers });
  const uploaded = async (body: RequestInit['body'], headers: Record<string, string> = {}, query = '') => {
    const response = await send(body, headers, query);
    expect(response.status).toBe(201);
    return (await response.json()) as UploadDocument;
  };
  const remove = (id: string) => client.fetch(`/uploads/${id}`, { method: 'DELETE' });
  const state = (id: string) => client.getJson<UploadDocument>(`/uploads/${id}`);
  const tus = (path: string, init: RequestInit) =>
    client.fetch(path, { ...init, headers: { 'tus-resumable': '1.0.0', ...(init.headers as object) } });

  it('take a whole file of any size and type, and say how an input refers to it', async () => {
    const body = randomBytes(1_000_000);
    const response = await send(body, { 'content-type': 'image/tiff' }, '?name=dem.tif');
    const upload = (await response.json()) as UploadDocument;
    expect(upload).toMatchObject({
      href: `upload:${upload.id}`,
      name: 'dem.tif',
      mediaType: 'image/tiff',
      size: 1_000_000,
      received: 1_000_000,
      complete: true,
    });
    expect(response.headers.get('location')).toBe(`${client.base}/uploads/${upload.id}`);
    expect(await state(upload.id)).toMatchObject({ complete: true });
    expect((await remove(upload.id)).status).toBe(204);
  });

  it('are not read as JSON when they are JSON', async () => {
    const upload = await uploaded('[1, 2, 3', { 'content-type': 'application/json' });
    expect(upload).toMatchObject({ mediaType: 'application/json', size: 8, complete: true });
    await remove(upload.id);
  });

  it('are inputs: JSON is validated like an inline value, bytes are files', async () => {
    const list = await uploaded('[3, 1, 2]', { 'content-type': 'application/json' });
    const echo = { inputs: { stringInput: 'a', arrayInput: { href: list.href } }, outputs: { arrayInput: {} } };
    expect(await (await client.execute('echo', { ...echo, response: 'document' })).json()).toEqual({
      arrayInput: [3, 1, 2],
    });

    // What was taken as an upload can be used, whatever the limit for what lies elsewhere.
    expect(RECORDING.length).toBeGreaterThan(1024);
    const recording = await uploaded(RECORDING, { 'content-type': 'application/octet-stream' });
    const convert = { inputs: { rawFile: { href: recording.href } }, outputs: { summary: {} }, response: 'document' };
    const results = (await (await client.execute('convert-raw-sonar', convert)).json()) as { summary: object };
    expect(results).toMatchObject({ summary: { value: { pings: 1 } } });

    const wrong = await uploaded('["one"]', { 'content-type': 'application/json' });
    const refused = await client.execute('echo', { inputs: { stringInput: 'a', arrayInput: { href: wrong.href } } });
    const problem = await expectProblem(refused, 400, `${OGC_PROBLEM}/InvalidParameterValue`);
    expect(pointersOf(problem)).toContain('/inputs/arrayInput/0');
    for (const { id } of [list, recording, wrong]) await remove(id);
  });

  it('that are missing or incomplete cannot be used, and the problem says which input', async () => {
    const created = await tus('/uploads', { method: 'POST', headers: { 'upload-length': '10' } });
    const id = created.headers.get('location')!.split('/').at(-1)!;
    for (const href of [`upload:${id}`, 'upload:00000000-0000-4000-8000-000000000000', 'upload:nothing']) {
      const response = await client.execute('echo', { inputs: { stringInput: { href } } });
      expect(pointersOf(await expectProblem(response, 400, `${OWN_PROBLEM}/reference-unavailable`))).toEqual([
        '/inputs/stringInput',
      ]);
    }
    expect((await remove(id)).status).toBe(204);
  });

  it('go on where they broke off (tus 1.0, by a client of that protocol)', async () => {
    const content = randomBytes(1_500_000);
    const endpoint = `${client.base}/uploads`;
    let broken: Upload;
    const url = await new Promise<string>((resolve, reject) => {
      broken = new Upload(content, {
        endpoint,
        chunkSize: 400_000,
        metadata: { filename: 'big.bin', filetype: 'application/octet-stream' },
        onError: reject,
        onChunkComplete: (_size, accepted) => {
          if (accepted >= 800_000) void broken.abort().then(() => resolve(broken.url!));
        },
      });
      broken.start();
    });
    const id = url.split('/').at(-1)!;
    expect(await state(id)).toMatchObject({ received: 800_000, complete: false, size: 1_500_000, name: 'big.bin' });

    const parts: number[] = [];
    await new Promise<void>((resolve, reject) => {
      const onChunkComplete = (size: number) => void parts.push(size);
      const onSuccess = () => resolve();
      new Upload(content, {
        endpoint,
        uploadUrl: url,
        chunkSize: 400_000,
        onError: reject,
        onSuccess,
        onChunkComplete,
      }).start();
    });
    expect(parts.reduce((sum, part) => sum + part, 0)).toBe(700_000);
    expect(await state(id)).toMatchObject({ received: 1_500_000, complete: true });
    const head = await tus(`/uploads/${id}`, { method: 'HEAD' });
    expect([head.status, head.headers.get('upload-offset')]).toEqual([200, '1500000']);
    // What was gathered part by part is what was sent.
    const stored = await readFile(join(own.data, 'uploads', id));
    expect(createHash('sha256').update(stored).digest('hex')).toBe(createHash('sha256').update(content).digest('hex'));
    expect((await tus(`/uploads/${id}`, { method: 'DELETE' })).status).toBe(204);
    await expectProblem(await client.get(`/uploads/${id}`), 404, `${OWN_PROBLEM}/no-such-upload`);
  });

  it('are refused with a problem when they do not follow the protocol', async () => {
    const created = await tus('/uploads', { method: 'POST', headers: { 'upload-length': '10' } });
    const path = new URL(created.headers.get('location')!).pathname;
    const type = { 'content-type': 'application/offset+octet-stream' };
    const part = (headers: Record<string, string>, body = 'x') => tus(path, { method: 'PATCH', headers, body });
    const conflict = await part({ ...type, 'upload-offset': '5' });
    expect(await expectProblem(conflict, 409, `${OWN_PROBLEM}/upload-conflict`)).toMatchObject({
      detail: expect.stringContaining('"Upload-Offset: 0"'),
    });
    await expectProblem(
      await part({ ...type, 'upload-offset': '0' }, 'x'.repeat(11)),
      413,
      `${OWN_PROBLEM}/body-too-large`,
    );
    await expectProblem(await part(type), 400, `${OWN_PROBLEM}/bad-request`);
    const text = { 'content-type': 'text/plain', 'upload-offset': '0' };
    await expectProblem(await part(text), 415, `${OWN_PROBLEM}/unsupported-media-type`);
    for (const version of [undefined, '', '2.0.0']) {
      const headers = { ...type, 'upload-offset': '0', ...(version !== undefined && { 'tus-resumable': version }) };
      const other = await client.fetch(path, { method: 'PATCH', body: 'x', headers });
      await expectProblem(other, 412, `${OWN_PROBLEM}/tus-version`);
      expect(other.headers.get('tus-version')).toBe('1.0.0');
    }
    const empty = await client.fetch('/uploads', { method: 'POST', headers: { 'tus-resumable': '' } });
    await expectProblem(empty, 412, `${OWN_PROBLEM}/tus-version`);
    await expectProblem(await tus('/uploads', { method: 'POST', headers: { 'upload-length': 'many' } }), 400, BAD);
    await expectProblem(await tus('/uploads', { method: 'POST' }), 400, BAD);
    await expectProblem(
      await tus('/uploads/nothing', { method: 'PATCH', headers: type }),
      404,
      `${OWN_PROBLEM}/no-such-upload`,
    );
    const shorter = await tus('/uploads', { method: 'POST', headers: { 'upload-defer-length': '1' } });
    const there = new URL(shorter.headers.get('location')!).pathname;
    const first = { ...type, 'upload-offset': '0' };
    expect((await tus(there, { method: 'PATCH', headers: first, body: 'abc' })).status).toBe(204);
    const less = { ...type, 'upload-offset': '3', 'upload-length': '2' };
    expect(
      await expectProblem(await tus(there, { method: 'PATCH', headers: less, body: 'x' }), 400, BAD),
    ).toMatchObject({
      detail: 'Upload-Length is said once, and is at least what has arrived: 3 bytes.',
    });
    expect((await tus(there, { method: 'DELETE' })).status).toBe(204);
    const metadata = { 'upload-length': '1', 'upload-metadata': 'filename $$$' };
    await expectProblem(await tus('/uploads', { method: 'POST', headers: metadata }), 400, BAD);
    // What Tus-Extension does not name is refused, whoever asks for it: parts that are put together, for one.
    for (const concat of ['partial', 'final;/uploads/a /uploads/b']) {
      const headers = { 'upload-length': '1', 'upload-concat': concat };
      await expectProblem(await tus('/uploads', { method: 'POST', headers }), 400, BAD);
    }
    expect((await tus(path, { method: 'DELETE' })).status).toBe(204);
  });

  it.each(['/uploads', '/uploads/any'])(
    'say what of tus there is at OPTIONS %s, to other origins too',
    async (path) => {
      const response = await client.fetch(path, { method: 'OPTIONS', headers: { origin: 'https://maps.example.org' } });
      expect(response.status).toBe(204);
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'tus-resumable': '1.0.0',
        'tus-version': '1.0.0',
        'tus-extension': 'creation,creation-with-upload,creation-defer-length,termination,expiration',
        'tus-max-size': String(2 * 1024 ** 2),
        'access-control-allow-methods': expect.stringContaining('PATCH'),
      });
    },
  );

  it('are bounded in size and number, and what is refused leaves nothing behind', async () => {
    await expectProblem(await send(randomBytes(3 * 1024 ** 2)), 413, `${OWN_PROBLEM}/body-too-large`);
    const long = { 'upload-length': String(3 * 1024 ** 2) };
    await expectProblem(await tus('/uploads', { method: 'POST', headers: long }), 413, `${OWN_PROBLEM}/body-too-large`);
    const kept = [];
    for (let count = 0; count < 6; count += 1) kept.push(await uploaded('x'));
    await expectProblem(await send('x'), 409, `${OWN_PROBLEM}/too-many-uploads`);
    await expectProblem(
      await tus('/uploads', { method: 'POST', headers: { 'upload-length': '1' } }),
      409,
      `${OWN_PROBLEM}/too-many-uploads`,
    );
    for (const { id } of kept) expect((await remove(id)).status).toBe(204);
    await expectProblem(
      await send('x', {}, `?name=${'x'.repeat(300)}`),
      400,
      `${OGC_PROBLEM}/invalid-query-parameter-value`,
    );
  });

  it('without a length are cut off when they grow too large, and their connection is closed', async () => {
    const tooLong = () =>
      new ReadableStream({
        start(controller) {
          for (let part = 0; part < 40; part += 1) controller.enqueue(randomBytes(64 * 1024));
          controller.close();
        },
      });
    const chunked = { body: tooLong(), duplex: 'half' } as RequestInit;
    const whole = await client.fetch('/uploads', { method: 'POST', ...chunked });
    await expectProblem(whole, 413, `${OWN_PROBLEM}/body-too-large`);
    expect(whole.headers.get('connection')).toBe('close');

    const created = await tus('/uploads', { method: 'POST', headers: { 'upload-defer-length': '1' } });
    expect(created.status).toBe(201);
    const path = new URL(created.headers.get('location')!).pathname;
    const headers = { 'content-type': 'application/offset+octet-stream', 'upload-offset': '0' };
    const part = await tus(path, { method: 'PATCH', headers, body: tooLong(), duplex: 'half' });
    await expectProblem(part, 413, `${OWN_PROBLEM}/body-too-large`);
    expect(part.headers.get('connection')).toBe('close');
    expect((await tus(path, { method: 'DELETE' })).status).toBe(204);
    expect(readdirSync(join(own.data, 'incoming'))).toEqual([]);
  });

  it('whose last answer is lost are complete all the same, and their client finds out', async () => {
    const created = await tus('/uploads', { method: 'POST', headers: { 'upload-length': '10' } });
    const path = new URL(created.headers.get('location')!).pathname;
    const headers = { 'content-type': 'application/offset+octet-stream', 'upload-offset': '0' };
    const sent = request(`${client.base}${path}`, {
      method: 'PATCH',
      headers: { ...headers, 'tus-resumable': '1.0.0', 'content-length': '10' },
    });
    sent.on('error', () => undefined);
    sent.end('0123456789', () => sent.destroy());
    const offset = async () => {
      const head = await tus(path, { method: 'HEAD' });
      return head.headers.get('upload-offset') === '10' || undefined;
    };
    await eventually(offset, 'all bytes have arrived');
    const id = path.split('/').at(-1)!;
    expect(await state(id)).toMatchObject({ complete: true, received: 10 });
    expect(await readFile(join(own.data, 'uploads', id), 'utf8')).toBe('0123456789');
    // A part that comes after all is refused by its offset, and changes nothing.
    const again = await tus(path, { method: 'PATCH', headers, body: '0123456789' });
    await expectProblem(again, 409, `${OWN_PROBLEM}/upload-conflict`);
    expect((await remove(id)).status).toBe(204);
  });

  it('that break off in one go are forgotten', async () => {
    const sent = request(`${client.base}/uploads`, { method: 'POST' });
    sent.on('error', () => undefined);
    sent.write(randomBytes(100_000));
    const begun = () =>
      Promise.resolve(
        (existsSync(join(own.data, 'incoming')) && readdirSync(join(own.data, 'incoming')).length > 0) || undefined,
      );
    await eventually(begun, 'the upload has begun');
    sent.destroy();
    // Six may be there, and are: the one that broke off does not count.
    const left = async () => {
      const kept: UploadDocument[] = [];
      for (let count = 0; count < 6; count += 1) {
        const response = await send('x');
        if (response.status === 201) kept.push((await response.json()) as UploadDocument);
      }
      for (const { id } of kept) await remove(id);
      return kept.length === 6 || undefined;
    };
    expect(await eventually(left, 'the place of the broken upload is free')).toBe(true);
  });
});
