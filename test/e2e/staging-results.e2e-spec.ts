import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { eventually, testedBackends } from '../harness/backends.js';
import type { Client, JobStatus } from '../harness/client.js';
import { type StagingNode, StagingStack } from '../harness/staging.js';
import { S3rver } from '../harness/s3rver.js';

jest.setTimeout(300_000);

/** Of docker/blocks.yaml. */
const BUCKET = 'sluice';

const SETTINGS = {
  PROCESS_MODULES: ['probe-processes.mjs', 'fault-processes.mjs']
    .map((file) => resolve('test/fixtures', file))
    .join(','),
  LEASE: '3s',
  SUPERVISOR_INTERVAL: '500ms',
};

/** More than INLINE_OUTPUT, so that it is no value in the database. */
const BYTES = 1_000_000;
const CONTENT = Buffer.alloc(BYTES, Buffer.alloc(65_536, 'sluice'));

const describeWithRedis = testedBackends().includes('redis') ? describe : describe.skip;

describeWithRedis('Results of the staging stack, in its bucket', () => {
  let s3: S3rver;
  let s3Client: S3Client;
  let stack: StagingStack;
  let api: StagingNode;
  let nodes: StagingNode[];
  let client: Client;

  beforeAll(async () => {
    s3 = await S3rver.start(BUCKET);
    const { endpoint, credentials } = s3;
    s3Client = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true });
    stack = await StagingStack.open(s3, SETTINGS);
    expect(await stack.migrate()).toBe(0);
    const [first, workers] = await Promise.all([stack.api(), Promise.all([stack.worker(), stack.worker()])]);
    ({ client } = first);
    api = first;
    nodes = [first, ...workers];
  });

  afterAll(async () => {
    await stack?.close();
    s3Client?.destroy();
    await s3?.stop();
  });

  /** Keys of the objects that a job has. */
  async function objectsOf(job: string): Promise<string[]> {
    const { Contents = [] } = await s3Client.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: `jobs/${job}/` }));
    return Contents.map(({ Key }) => Key!);
  }

  /** Waits until the code of a job has noted its start for the n-th time. */
  async function started(job: string, times = 1): Promise<void> {
    const look = async () => {
      const text = await readFile(stack.path('journal'), 'utf8').catch(() => '');
      return text.split(`start ${job} `).length > times ? true : undefined;
    };
    await eventually(look, `job ${job} started ${times} time(s)`);
  }

  /** A job whose output is in the bucket. */
  async function writtenJob(): Promise<string> {
    const job = await client.submit('writer', { bytes: BYTES });
    expect(await client.ended(job)).toMatchObject({ status: 'successful' });
    return job;
  }

  /** The link to an output that a job gives by reference. */
  async function linkOfResult(): Promise<string> {
    const outputs = { file: { transmissionMode: 'reference' } };
    const body = { inputs: { bytes: BYTES }, outputs, response: 'document' };
    const accepted = await client.execute('writer', body, { prefer: 'respond-async' });
    const { jobID } = (await accepted.json()) as JobStatus;
    await client.ended(jobID);
    const { file } = await client.getJson<{ file: { href: string } }>(`/jobs/${jobID}/results`);
    expect(file.href.startsWith(`${client.base}/jobs/${jobID}/results/file?`)).toBe(true);
    return file.href;
  }

  it('stores an output of a worker in the bucket, and leaves nothing on the disk of any node', async () => {
    const job = await writtenJob();
    expect(await objectsOf(job)).toHaveLength(1);
    for (const { environment } of nodes) expect(existsSync(`${environment.DATA_DIR}/jobs/${job}`)).toBe(false);
  });

  it('gives it by value, whole and in part', async () => {
    const job = await writtenJob();
    const whole = await client.get(`/jobs/${job}/results/file`);
    expect(whole.headers.get('content-length')).toBe(String(BYTES));
    expect(Buffer.from(await whole.arrayBuffer()).equals(CONTENT)).toBe(true);
    const part = await client.get(`/jobs/${job}/results/file`, { range: 'bytes=100000-100099' });
    expect(part.status).toBe(206);
    expect(Buffer.from(await part.arrayBuffer()).equals(CONTENT.subarray(100_000, 100_100))).toBe(true);
  });

  it('gives it by reference, as a signed link to the API, which clients reach and the bucket they do not', async () => {
    const link = await linkOfResult();
    expect(new URL(link).searchParams.has('signature')).toBe(true);
    const response = await fetch(link);
    expect(Buffer.from(await response.arrayBuffer()).equals(CONTENT)).toBe(true);
  });

  it('brings an input that is no value in the database from the API to a worker', async () => {
    const value = 'x'.repeat(400_000);
    const job = await client.submit('mirror', { value });
    expect(await client.ended(job)).toMatchObject({ status: 'successful' });
    expect(await client.getJson(`/jobs/${job}/results`)).toBe(value);
  });

  it('has one result of a job whose worker was killed, whichever worker wrote it', async () => {
    const gate = stack.path('gate-of-killed');
    const job = await client.submit('file-gate', { journal: stack.path('journal'), gate });
    await started(job);
    const lost = await stack.holder(job);
    lost.service.kill('SIGKILL');
    await lost.service.exited();
    await started(job, 2);
    await writeFile(gate, '');
    expect(await client.ended(job)).toMatchObject({ status: 'successful' });
    expect(await (await client.get(`/jobs/${job}/results/file`)).text()).toBe('from behind the gate');
    // As the restart policy does.
    await stack.worker();
  });

  it('dismisses a job on a worker, and keeps the links it gave when the API is replaced', async () => {
    const link = new URL(await linkOfResult());
    const running = await client.submit('file-gate', { journal: stack.path('journal'), gate: stack.path('never') });
    await started(running);
    expect(await (await client.dismiss(running)).json()).toMatchObject({ status: 'dismissed' });
    api.service.kill('SIGTERM');
    expect(await api.service.exited()).toBe(0);

    const next = await stack.api();
    [api, client] = [next, next.client];
    const response = await fetch(`${client.base}${link.pathname}${link.search}`);
    expect(response.status).toBe(200);
    expect(Buffer.from(await response.arrayBuffer()).equals(CONTENT)).toBe(true);
    expect(await client.status(running)).toMatchObject({ status: 'dismissed' });
  });

  it('removes the objects of a job with the job', async () => {
    const job = await writtenJob();
    expect(await objectsOf(job)).not.toEqual([]);
    expect((await client.dismiss(job)).ok).toBe(true);
    expect((await fetch(`${client.base}/jobs/${job}`)).status).toBe(404);
    await eventually(
      async () => ((await objectsOf(job)).length === 0 ? true : undefined),
      `the bucket has forgotten job ${job}`,
    );
  });
});
