import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { resolve } from 'node:path';
import type { Client, JobStatus } from '../harness/client.js';
import { PostgresServer } from '../harness/postgres.js';
import type { Service, ServiceLogLine } from '../harness/service.js';
import { clientOf, Site } from '../harness/site.js';

jest.setTimeout(60_000);

const PROCESS_MODULES = ['probe-processes.mjs', 'feature-processes.mjs'].map((file) => resolve('test/fixtures', file));
const asJob = { prefer: 'respond-async' };

describe('What an execution leaves behind', () => {
  let postgres: PostgresServer;
  let site: Site;
  let service: Service;
  let client: Client;

  beforeAll(async () => {
    postgres = await PostgresServer.start();
    const settings = { PROCESS_MODULES: PROCESS_MODULES.join(','), SYNC_CONCURRENCY: '1', INLINE_OUTPUT: '1KiB' };
    site = await Site.open(postgres, 'postgres', settings);
    service = await site.api();
    client = clientOf(service);
  });
  afterAll(async () => {
    await site?.close();
    await postgres?.remove();
  });

  const submit = async (process: string, body: object): Promise<string> => {
    const response = await client.execute(process, body, asJob);
    expect(response.status).toBe(201);
    const { jobID } = (await response.json()) as JobStatus;
    expect(await client.ended(jobID)).toMatchObject({ status: 'successful' });
    return jobID;
  };

  it('is nothing when the client of a synchronous execution left while it waited for its turn', async () => {
    const { journal } = site;
    const first = client.execute('sleeper', { inputs: { journal, token: 'first', ms: 2_000 } });
    await site.noted('first', 'start');
    const leaving = new AbortController();
    const second = fetch(service.url('/processes/sleeper/execution'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ inputs: { journal, token: 'second' } }),
      signal: leaving.signal,
    });
    // Round trips on other connections, so that the second has come to its place in the line.
    for (let trips = 0; trips < 10; trips += 1) await client.get('/health/live');
    leaving.abort();
    await expect(second).rejects.toThrow();
    const third = client.execute('sleeper', { inputs: { journal, token: 'third' } });
    expect((await first).status).toBe(200);
    expect((await third).status).toBe(200);
    const tokens = (await site.journalLines()).filter(({ what }) => what === 'start').map(({ job }) => job);
    expect(tokens).toEqual(['first', 'third']);
    expect((await site.rows()).map(({ inputs }) => inputs.token).sort()).toEqual(['first', 'third']);
  });

  it('is named by the problem and by the log when a synchronous execution failed', async () => {
    const response = await client.execute('chatty', { inputs: { lines: 0, fail: 'out of luck' } });
    expect(response.status).toBe(500);
    const problem = (await response.json()) as { jobID: string; type: string };
    expect(problem).toMatchObject({ type: expect.stringMatching(/process-failed$/), jobID: expect.any(String) });
    expect(await client.status(problem.jobID)).toMatchObject({ status: 'failed' });
    const line = (await service.logged(/^out of luck$/)) as ServiceLogLine & { jobId?: string };
    expect(line.jobId).toBe(problem.jobID);
    const later = await client.get(`/jobs/${problem.jobID}/results`);
    expect(await later.json()).toMatchObject({ jobID: problem.jobID });
  });

  it('tells in its events which worker began it, however it was asked for', async () => {
    const response = await client.execute('noop', {});
    const [, sync] = /\/jobs\/([^>]+)>/.exec(response.headers.get('link')!)!;
    for (const id of [sync, await submit('noop', {})]) {
      const { worker_id: worker } = await site.row(id);
      const started = (await site.history(id)).filter(({ type }) => type === 'started');
      expect(started.map(({ data }) => data)).toEqual([{ attempt: 1, worker }]);
    }
  });

  it.each([
    [{ list: {} }, ['list']],
    [{ text: {}, data: {} }, ['data', 'text']],
    [{}, []],
    [undefined, ['data', 'list', 'text']],
  ])('is what was requested: of %j the outputs %j', async (outputs, expected) => {
    const inputs = { size: 2_000 };
    const jobs = [await submit('assorted', { inputs, outputs })];
    const response = await client.execute('assorted', { inputs, outputs });
    jobs.push(/\/jobs\/([^>/]+)>/.exec(response.headers.get('link')!)![1]);
    for (const id of jobs) {
      const rows = await site.query<{ output_id: string }>('SELECT output_id FROM job_output WHERE job_id = $1', [id]);
      expect(rows.map(({ output_id }) => output_id).sort()).toEqual(expected);
    }
  });

  it('may be no output at all: the results of the job are as empty as the synchronous answer', async () => {
    const body = { inputs: {}, outputs: { text: {} } };
    const sync = await client.execute('kinds', body);
    const job = await client.get(`/jobs/${await submit('kinds', body)}/results`);
    expect([sync.status, job.status]).toEqual([204, 204]);
    const document = { ...body, response: 'document' };
    const syncDocument = await client.execute('kinds', document);
    const jobDocument = await client.get(`/jobs/${await submit('kinds', document)}/results`);
    expect([await syncDocument.json(), await jobDocument.json()]).toEqual([{}, {}]);
  });
});
