import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Client } from '../harness/client.js';
import { OwnService, PROBES } from '../harness/own-service.js';
import { expectProblem, OWN_PROBLEM, pointersOf } from '../harness/problem.js';

const MEBIBYTE = 1024 * 1024;
/** What the probe `writer` repeats, block by block of 64 KiB. */
const BLOCK = Buffer.alloc(65_536, 'sluice');

const SECRETS = {
  APP_DATABASE_URL: 'postgres://app:S3cret@db.example.org/app',
  PGPASSWORD: 'S3cret',
  AWS_SECRET_ACCESS_KEY: 'S3cret',
  HTTPS_PROXY: 'http://user:S3cret@proxy.example.org',
  SESSION_TOKEN: 'S3cret',
  npm_config__authToken: 'S3cret',
};

jest.setTimeout(60_000);

describe('Outputs', () => {
  const own = new OwnService('e2e-outputs', { ...PROBES, ...SECRETS });
  let client: Client;

  beforeAll(async () => {
    client = await own.start();
  });
  afterAll(() => own.stop());

  describe('of odd values (scenario 33)', () => {
    it.each([
      ['nul', 'a\u0000b'],
      ['surrogate', 'a\ud800b'],
      ['emoji', '🦑'],
      ['date', '2026-01-02T03:04:05.000Z'],
      ['large', 'x'.repeat(10 * MEBIBYTE)],
    ])('%s: stored as they are, synchronously and asynchronously', async (kind, value) => {
      const sync = await client.execute('odd', { inputs: { kind } });
      expect([sync.status, sync.headers.get('content-type')]).toEqual([200, 'application/json']);
      expect((await sync.json()) === value).toBe(true);
      const body = { inputs: { kind }, response: 'document' };
      const document = await client.execute('odd', body, { prefer: 'return=representation' });
      expect(((await document.json()) as { value: unknown }).value === value).toBe(true);
      const id = await client.submit('odd', { kind });
      expect((await client.ended(id)).status).toBe('successful');
      for (const path of ['/results', '/results/value']) {
        expect((await client.getJson<unknown>(`/jobs/${id}${path}`)) === value).toBe(true);
      }
    });

    it.each([
      ['nan', /NaN/],
      ['bigint', /BigInt/],
    ])('%s: a clean error that names the output and the reason', async (kind, reason) => {
      const sync = await client.execute('odd', { inputs: { kind } });
      const problem = await expectProblem(sync, 500, `${OWN_PROBLEM}/invalid-output`);
      expect([pointersOf(problem), problem.detail]).toEqual([['/outputs/value'], expect.stringMatching(reason)]);
      const id = await client.submit('odd', { kind });
      expect(await client.ended(id)).toMatchObject({ status: 'failed', message: expect.stringMatching(reason) });
    });

    it.each(['a\u0000b', 'a\ud800b', '🦑', '\u202e\ufffe', ''])(
      'the input %j comes back as it was sent',
      async (value) => {
        for (const id of ['mirror', 'echo']) {
          const inputs = id === 'echo' ? { stringInput: value } : { value };
          const outputs = id === 'echo' ? { stringInput: {} } : { value: {} };
          const sync = await client.execute(id, { inputs, outputs });
          expect([sync.status, await sync.json()]).toEqual([200, value]);
          const jobId = await client.submit(id, inputs);
          expect((await client.ended(jobId)).status).toBe('successful');
          expect(await client.getJson(`/jobs/${jobId}/results/${Object.keys(outputs)[0]}`)).toBe(value);
        }
      },
    );

    it('messages and log lines with such characters are shown, not lost', async () => {
      const id = await client.submit('chatty', { lines: 1, fail: 'NUL \u0000, half \ud800, 🦑' });
      expect(await client.ended(id)).toMatchObject({ status: 'failed', message: 'NUL \ufffd, half \ufffd, 🦑' });
      const { lines } = await client.getJson<{ lines: { message: string }[] }>(`/jobs/${id}/logs`);
      expect(lines).toHaveLength(2);
    });
  });

  describe('that are large files', () => {
    const SIZE = 200 * MEBIBYTE;
    /** Beyond what the garbage collector may let pile up, far below the file. */
    const FLAT = 100;
    let url: string;

    const isLinux = existsSync(`/proc/${process.pid}/status`);

    /** Resident memory of the service, in MiB; nothing where the system does not tell. */
    async function resident(): Promise<number> {
      if (!isLinux) return 0;
      return Number(/^VmRSS:\s+(\d+)/m.exec(await readFile(`/proc/${own.process.pid}/status`, 'utf8'))![1]) / 1024;
    }

    /** Reads a body to its end, watching the memory of the service. */
    async function drain(response: Response): Promise<{ size: number; sha256: string; peak: number }> {
      const hash = createHash('sha256');
      let [size, peak, looked] = [0, 0, 0];
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        hash.update(chunk);
        size += chunk.length;
        if (size - looked > 8 * MEBIBYTE) [peak, looked] = [Math.max(peak, await resident()), size];
      }
      return { size, sha256: hash.digest('hex'), peak };
    }

    function expectedHash(): string {
      const hash = createHash('sha256');
      for (let size = 0; size < SIZE; size += BLOCK.length) hash.update(BLOCK);
      return hash.digest('hex');
    }

    it('stream through the service with flat memory, with Content-Length and an entity tag', async () => {
      const before = await resident();
      const id = await client.submit('writer', { bytes: SIZE });
      expect((await client.ended(id)).status).toBe('successful');
      url = `/jobs/${id}/results/file`;
      const response = await client.get(url);
      expect(response.status).toBe(200);
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'content-type': 'application/octet-stream',
        'content-length': String(SIZE),
        'accept-ranges': 'bytes',
        etag: `"${expectedHash()}"`,
      });
      const { size, sha256, peak } = await drain(response);
      expect([size, sha256]).toEqual([SIZE, expectedHash()]);
      if (isLinux) expect(peak - before).toBeLessThan(FLAT);
    });

    it('stream from a synchronous execution and inside a document too', async () => {
      const before = await resident();
      const sync = await drain(await client.execute('writer', { inputs: { bytes: SIZE } }));
      expect([sync.size, sync.sha256]).toEqual([SIZE, expectedHash()]);
      const outputs = { file: { transmissionMode: 'value' } };
      const document = await client.execute('writer', { inputs: { bytes: SIZE }, outputs, response: 'document' });
      const length = Number(document.headers.get('content-length'));
      const base64 = await drain(document);
      expect(base64.size).toBe(length);
      expect(length).toBeGreaterThan((SIZE * 4) / 3);
      if (isLinux) expect(Math.max(sync.peak, base64.peak) - before).toBeLessThan(FLAT);
    });

    it('come in ranges, and not at all to those who have them (RFC 9110 sections 13 and 14)', async () => {
      const etag = (await fetch(client.base + url, { method: 'HEAD' })).headers.get('etag')!;
      const range = await client.get(url, { range: `bytes=${SIZE - 10}-`, 'if-range': etag });
      expect([range.status, range.headers.get('content-range'), range.headers.get('content-length')]).toEqual([
        206,
        `bytes ${SIZE - 10}-${SIZE - 1}/${SIZE}`,
        '10',
      ]);
      expect(Buffer.from(await range.arrayBuffer())).toEqual(BLOCK.subarray(-10));
      const middle = await client.get(url, { range: 'bytes=65536-65541' });
      expect(await middle.text()).toBe('sluice');
      const beyond = await client.get(url, { range: `bytes=${SIZE}-` });
      expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, `bytes */${SIZE}`]);
      await beyond.text();
      const cached = await client.get(url, { 'if-none-match': etag });
      expect([cached.status, await cached.text()]).toEqual([304, '']);
    });

    it('answer HEAD without a body', async () => {
      const head = await fetch(client.base + url, { method: 'HEAD' });
      expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, String(SIZE), '']);
    });

    it('leave the service usable when a client goes away in the middle', async () => {
      const gone = new AbortController();
      const response = await fetch(client.base + url, { signal: gone.signal });
      await response.body!.getReader().read();
      gone.abort();
      expect((await client.get('/health/ready')).status).toBe(200);
    });

    it('are gone with their job', async () => {
      const id = url.split('/')[2];
      expect(existsSync(resolve(own.data, 'jobs', id))).toBe(true);
      await client.dismiss(id);
      expect(existsSync(resolve(own.data, 'jobs', id))).toBe(false);
    });
  });

  it('of executors: their environment holds none of the secrets of the service', async () => {
    const response = await client.execute('environment', { inputs: {}, response: 'document' });
    const { env } = (await response.json()) as { env: { value: Record<string, string> } };
    expect(env.value.PATH).toBe(process.env.PATH);
    const names = Object.keys(env.value);
    expect(
      names.filter((name) => name in SECRETS || /DATABASE|REDIS|DATA_DIR|PROCESS_MODULES|^PORT$/.test(name)),
    ).toEqual([]);
    expect(JSON.stringify(env.value)).not.toContain('S3cret');
  });
});
