import { writeFile } from 'node:fs/promises';
import { describe, expect, it, jest } from '@jest/globals';
import { runs } from '../harness/processes.js';
import { clientOf, type Site } from '../harness/site.js';
import { useSites } from '../harness/sites.js';

jest.setTimeout(120_000);

const sites = useSites();
let site: Site;

describe('hostile processes', () => {
  it('15 poison-pill: a job that ends its executor every time is given up as crashed; others go on', async () => {
    site = await sites.open('postgres', { MAX_RECOVERIES: '2' });
    const service = await site.api();
    const client = clientOf(service);
    const pill = await client.submit('poison', {});
    const others: string[] = [];
    for (let n = 0; n < 5; n += 1) others.push(await client.submit('sleeper', { ms: 50 }));

    const ended = await client.ended(pill);
    expect(ended).toMatchObject({ status: 'failed', state: { type: 'CRASHED', name: 'Crashed' } });
    expect(ended.message).toMatch(/executor of the job died.*process\.exit\(1\)/);
    const history = await site.history(pill);
    expect(history.map(({ type }) => type)).toEqual([
      'accepted',
      ...['started', 'crashed', 'started', 'crashed', 'started', 'failed'],
    ]);
    expect(history.map(({ seq }) => seq)).toEqual(history.map((_, index) => index + 1));
    const results = await client.get(`/jobs/${pill}/results`);
    expect(results.status).toBe(500);
    expect(await results.json()).toMatchObject({ type: expect.stringMatching(/crashed$/) });
    for (const job of others) expect(await client.ended(job)).toMatchObject({ status: 'successful' });
    expect(service.running).toBe(true);
  });

  it('an inline process that leaves a rejected promise behind: the log says so, and the service lives', async () => {
    site = await sites.open();
    const service = await site.api();
    const client = clientOf(service);
    const response = await client.execute('careless', {});
    expect(response.status).toBe(200);
    expect(await service.logged(/A promise that nobody waits for was rejected: nobody waits for this\./)).toMatchObject(
      {
        level: 'error',
      },
    );
    expect(await client.ended(await client.submit('careless', {}))).toMatchObject({ status: 'successful' });
    expect(service.running).toBe(true);
  });

  it('16 out-of-memory: a job that eats its memory fails and is told why; the service lives', async () => {
    site = await sites.open('postgres', { MAX_RECOVERIES: '0', EXECUTOR_MEMORY: '512MiB' });
    const service = await site.api();
    const client = clientOf(service);
    const glutton = await client.submit('glutton', {});
    const other = await client.submit('sleeper', { ms: 100 });

    const ended = await client.ended(glutton);
    expect(ended).toMatchObject({ status: 'failed', state: { type: 'CRASHED' } });
    expect(ended.message).toMatch(/out of memory: limit 512 MiB \(EXECUTOR_MEMORY\)/);
    expect(await client.ended(other)).toMatchObject({ status: 'successful' });
    expect((await client.execute('noop-child', {})).status).toBe(200);
    expect(service.running).toBe(true);
  });

  it('31 timeout: a busy loop is ended at its time limit, in sync and in async mode; executors are still to be had', async () => {
    site = await sites.open('postgres', { CANCEL_GRACE: '500ms' });
    const client = clientOf(await site.api());
    const job = await client.submit('busy', { journal: site.journal, ms: 600_000 });
    const pid = await site.noted(job, 'start');
    expect(await client.ended(job)).toMatchObject({
      status: 'failed',
      state: { type: 'FAILED', name: 'TimedOut' },
      message: expect.stringContaining('time limit of 1 s'),
    });
    expect(await runs(pid)).toBe(false);

    const sync = await client.execute('busy', { inputs: { ms: 600_000 } });
    expect(sync.status).toBe(500);
    expect(await sync.json()).toMatchObject({ type: expect.stringMatching(/timed-out$/) });

    const after = await Promise.all(Array.from({ length: 6 }, () => client.submit('noop-child', {})));
    for (const each of after) expect(await client.ended(each)).toMatchObject({ status: 'successful' });
  });

  it('31 timeout: a result that comes after the time limit is discarded', async () => {
    site = await sites.open('postgres', { CANCEL_GRACE: '60s' });
    const client = clientOf(await site.api());
    const gate = site.path('gate');
    const job = await client.submit('hasty-gate', { journal: site.journal, gate, stubborn: true });
    await site.noted(job, 'told');
    await writeFile(gate, '');
    await site.noted(job, 'end');

    expect(await client.ended(job)).toMatchObject({ status: 'failed', state: { name: 'TimedOut' } });
    expect(await site.query('SELECT * FROM job_output WHERE job_id = $1', [job])).toEqual([]);
    expect((await site.history(job)).map(({ type }) => type)).toEqual(['accepted', 'started', 'failed']);
  });
});
