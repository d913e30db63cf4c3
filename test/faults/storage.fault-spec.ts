import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../harness/backends.js';
import { expectProblem, OWN_PROBLEM } from '../harness/problem.js';
import { clientOf, type Site } from '../harness/site.js';
import { useSites } from '../harness/sites.js';
import { StorageSite } from '../harness/storage-site.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

jest.setTimeout(180_000);

const SIZE = 100_000;

const sites = useSites();
let place: ReturnType<typeof temporaryDirectory>;
let storage: StorageSite;
let site: Site;

beforeEach(async () => {
  place = temporaryDirectory('storage-faults');
  storage = await StorageSite.open(join(place.path, 'blocks.yaml'));
});
afterEach(async () => {
  await storage.close();
  place.remove();
});

const logOf = async (job: string): Promise<string[]> => {
  const rows = await site.query<{ message: string }>(`SELECT message FROM job_log WHERE job_id = $1 ORDER BY id`, [
    job,
  ]);
  return rows.map(({ message }) => message);
};

describe('34 storage outage', () => {
  it('is waited out for a while: the job keeps its worker, and succeeds when the storage is back', async () => {
    site = await sites.open('postgres', storage.settings);
    const client = clientOf(await site.api());
    storage.proxy.isDown = true;
    const asked = storage.proxy.asked(/^(PUT|POST) .*outputs/);
    const job = await client.submit('stored-file', { size: SIZE });
    await asked;
    expect(await client.status(job)).toMatchObject({ status: 'running' });
    storage.proxy.isDown = false;
    expect(await client.ended(job)).toMatchObject({ status: 'successful' });
    expect(await storage.keys(`jobs/${job}/`)).toEqual([`jobs/${job}/1/outputs/file`]);
  });

  it('fails the job when it lasts too long; no checkpoint is lost, and the retry goes on from there', async () => {
    site = await sites.open('postgres', { ...storage.settings, STORAGE_PATIENCE: '1s' });
    const client = clientOf(await site.api());
    const gate = join(place.path, 'gate');
    const job = await client.submit('stored-flow', { size: SIZE, gate });
    await eventually(async () => {
      const [step] = await site.query(`SELECT FROM task_run WHERE job_id = $1 AND state_type = 'COMPLETED'`, [job]);
      return step === undefined ? undefined : true;
    }, 'the first step is on record');
    storage.proxy.isDown = true;
    writeFileSync(gate, '');
    expect(await client.ended(job)).toMatchObject({
      status: 'failed',
      message: expect.stringContaining('cannot be reached'),
    });
    const results = await client.get(`/jobs/${job}/results`);
    await expectProblem(results, 503, `${OWN_PROBLEM}/storage-unavailable`);

    storage.proxy.isDown = false;
    const retried = await client.fetch(`/jobs/${job}/retry`, { method: 'POST' });
    const { jobID: next } = (await retried.json()) as { jobID: string };
    expect(await client.ended(next)).toMatchObject({ status: 'successful' });
    expect(await logOf(next)).toEqual(['the second step runs']);
    for (const output of ['first', 'second']) {
      const response = await client.get(`/jobs/${next}/results/${output}`);
      expect((await response.arrayBuffer()).byteLength).toBe(SIZE);
    }
  });

  it('accepts no job whose inputs it cannot keep, and says when to come again', async () => {
    site = await sites.open('postgres', storage.settings);
    const client = clientOf(await site.api());
    storage.proxy.isDown = true;
    const file = { value: Buffer.alloc(1_000).toString('base64'), encoding: 'base64' };
    const refused = await client.execute('stored-input', { inputs: { file } }, { prefer: 'respond-async' });
    await expectProblem(refused, 503, `${OWN_PROBLEM}/storage-unavailable`);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await site.query('SELECT FROM job')).toEqual([]);
  });

  it('delays the removal of files, which is not forgotten, not even by a restart', async () => {
    site = await sites.open('postgres', storage.settings);
    const api = await site.api();
    const client = clientOf(api);
    const job = await client.submit('stored-file', { size: SIZE });
    expect(await client.ended(job)).toMatchObject({ status: 'successful' });
    storage.proxy.isDown = true;
    expect((await client.dismiss(job)).status).toBe(200);
    await eventually(async () => {
      const [row] = await site.query('SELECT FROM storage_removal WHERE attempts > 0');
      return row === undefined ? undefined : true;
    }, 'the removal has failed');
    expect(await storage.keys(`jobs/${job}/`)).toHaveLength(1);
    await api.stop();
    storage.proxy.isDown = false;
    await site.query('UPDATE storage_removal SET due_at = now()');
    await site.api();
    await eventually(
      async () => ((await storage.keys(`jobs/${job}/`)).length === 0 ? true : undefined),
      'it is removed',
    );
    const owed = async () => ((await site.query('SELECT FROM storage_removal')).length === 0 ? true : undefined);
    await eventually(owed, 'nothing is owed any more');
  });
});

describe('nodes that share nothing but the storage and the database', () => {
  it('go on with each other’s jobs: the files of finished steps are not even fetched', async () => {
    site = await sites.open('postgres', { ...storage.settings, ALWAYS_SUSPEND: 'true' });
    const api = await site.api({ ROLE: 'api', DATA_DIR: join(place.path, 'api'), SECRET_KEYS: KEYS });
    const client = clientOf(api);
    for (const name of ['a', 'b']) await site.worker({ DATA_DIR: join(place.path, name), SECRET_KEYS: KEYS });
    const jobs = await Promise.all(Array.from({ length: 4 }, () => client.submit('stored-flow', { size: SIZE })));
    for (const job of jobs) {
      expect(await client.ended(job)).toMatchObject({ status: 'successful' });
      const response = await client.get(`/jobs/${job}/results/first`);
      expect((await response.arrayBuffer()).byteLength).toBe(SIZE);
    }
    // The reads of results are the only ones.
    const reads = storage.proxy.seen.filter((line) => /^GET .*\/outputs\//.test(line));
    expect(reads).toHaveLength(jobs.length);
  });
});

const KEYS = `test:${Buffer.alloc(32, 7).toString('base64')}`;
