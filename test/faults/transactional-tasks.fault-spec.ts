import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { describe, expect, it, jest } from '@jest/globals';
import { eventually } from '../harness/backends.js';
import type { Client } from '../harness/client.js';
import type { Service } from '../harness/service.js';
import type { Site } from '../harness/site.js';
import { useSites } from '../harness/sites.js';

jest.setTimeout(120_000);

const sites = useSites();

/** A job whose task writes a row within the transaction of its end, and a worker that has it. */
async function booking(): Promise<{ site: Site; client: Client; worker: Service; job: string }> {
  const site = await sites.open('postgres', { PROCESS_MODULES: resolve('test/fixtures/transaction-processes.mjs') });
  const { client, workers } = await site.nodes(1);
  await site.query('CREATE TABLE public.booking (job uuid NOT NULL)');
  const inputs = { journal: site.journal, gate: site.path('gate'), last: site.path('last') };
  return { site, client, worker: workers[0], job: await client.submit('booking', inputs) };
}

async function effects(site: Site, job: string): Promise<number> {
  return (await site.query('SELECT job FROM public.booking WHERE job = $1', [job])).length;
}

async function kill(worker: Service): Promise<void> {
  worker.kill('SIGKILL');
  await worker.exited();
}

/** The job is done by another worker; what its task wrote is there once, and its end is on record once. */
async function expectOneEffect(site: Site, client: Client, job: string): Promise<void> {
  await site.worker();
  await writeFile(site.path('gate'), '');
  await writeFile(site.path('last'), '');
  expect(await client.ended(job)).toMatchObject({ status: 'successful' });
  expect(await effects(site, job)).toBe(1);
  const history = await site.history(job);
  expect(history.filter(({ type, data }) => type === 'task-completed' && data?.task === 'book')).toHaveLength(1);
}

describe('P3: what a transactional task writes happens exactly once', () => {
  it('when its worker is killed between the write and the end of the task', async () => {
    const { site, client, worker, job } = await booking();
    await site.noted(job, 'booked');
    await kill(worker);
    expect(await effects(site, job)).toBe(0);
    await expectOneEffect(site, client, job);
  });

  it('when its worker is killed between the record of its end and the commit', async () => {
    const { site, client, worker, job } = await booking();
    await site.noted(job, 'booked');
    const other = site.connection();
    await other.connect();
    try {
      await other.query('BEGIN');
      await other.query('SELECT FROM job WHERE id = $1 FOR UPDATE', [job]);
      await writeFile(site.path('gate'), '');
      const waiting = async () => {
        const [row] = await site.query<{ pid: number }>(
          `SELECT pid FROM pg_stat_activity
           WHERE wait_event_type = 'Lock' AND xact_start < query_start AND query LIKE '%UPDATE task_run%'`,
        );
        return row?.pid;
      };
      await eventually(waiting, 'the end of the task is being put on record');
      await kill(worker);
      await other.query('COMMIT');
    } finally {
      await other.end();
    }
    await expectOneEffect(site, client, job);
    expect((await site.journalLines()).filter(({ what }) => what === 'booked')).toHaveLength(2);
  });

  it('when its worker is killed right after the commit', async () => {
    const { site, client, worker, job } = await booking();
    await writeFile(site.path('gate'), '');
    await site.noted(job, 'committed');
    await kill(worker);
    await expectOneEffect(site, client, job);
    expect((await site.journalLines()).filter(({ what }) => what === 'booked')).toHaveLength(1);
  });
});
