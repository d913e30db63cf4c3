import { randomUUID } from 'node:crypto';
import { describe, expect, it, jest } from '@jest/globals';
import { eventually } from '../harness/backends.js';
import type { Client, JobStatus } from '../harness/client.js';
import { counts, flowInputs, open, openFlowSite } from '../harness/flow-site.js';
import { PostgresProxy } from '../harness/postgres-proxy.js';
import { clientOf, type Site } from '../harness/site.js';
import { useSites } from '../harness/sites.js';

jest.setTimeout(120_000);

const sites = useSites();
let site: Site;

const ASYNC = { prefer: 'respond-async' };

describe('2 ambiguous commit', () => {
  it('the answer about the acceptance is lost: the request is repeated with its key, and there is one job', async () => {
    site = await openFlowSite(sites);
    const proxy = await PostgresProxy.before(site.databaseUrl!);
    try {
      const client = clientOf(await site.api({ ROLE: 'api', DATABASE_URL: proxy.url }));
      await site.worker();
      const headers = { ...ASYNC, 'idempotency-key': randomUUID() };
      const execute = () => client.execute('five-steps', { inputs: flowInputs(site) }, headers);
      const lost = proxy.loseAnswer('job_accept');
      const first = await execute();
      await lost;
      expect(first.status).toBe(503);
      expect(first.headers.get('retry-after')).toMatch(/^\d+$/);

      const second = await execute();
      expect(second.status).toBe(201);
      const { jobID } = (await second.json()) as JobStatus;
      expect((await site.rows()).map(({ id }) => id)).toEqual([jobID]);
      expect(await client.ended(jobID)).toMatchObject({ status: 'successful' });
      const third = await execute();
      expect(await third.json()).toMatchObject({ jobID });
      expect(await counts(site, jobID, /^step-/)).toMatchObject({ 'step-1': 1, 'step-5': 1 });
    } finally {
      await proxy.close();
    }
  });

  it('the API is killed between commit and answer: the same request to another one gives the same job', async () => {
    site = await openFlowSite(sites);
    const proxy = await PostgresProxy.before(site.databaseUrl!);
    try {
      const api = await site.api({ ROLE: 'api', DATABASE_URL: proxy.url });
      const other = clientOf(await site.api({ ROLE: 'api' }));
      await site.worker();
      const headers = { ...ASYNC, 'idempotency-key': randomUUID() };
      const body = { inputs: flowInputs(site) };
      const kept = proxy.keepBackAnswer('job_accept');
      const unanswered = clientOf(api)
        .execute('five-steps', body, headers)
        .catch((error: Error) => error);
      await kept;
      api.kill('SIGKILL');
      expect(await unanswered).toMatchObject({ message: 'fetch failed' });

      const again = await other.execute('five-steps', body, headers);
      expect(again.status).toBe(201);
      const { jobID } = (await again.json()) as JobStatus;
      expect((await site.rows()).map(({ id }) => id)).toEqual([jobID]);
      // It was never put on the queue; that is found out as well.
      expect(await other.ended(jobID)).toMatchObject({ status: 'successful' });
    } finally {
      await proxy.close();
    }
  });
});

/** Ways in which PostgreSQL takes nothing: a full disk, as its own error says; a server that became read-only. */
const REFUSALS: readonly [string, (site: Site) => Promise<() => Promise<unknown>>][] = [
  [
    'its disk is full',
    async (on) => {
      await on.query(`CREATE FUNCTION no_space() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$`);
      const tables = ['job', 'job_event', 'task_run'];
      for (const table of tables) {
        await on.query(`CREATE TRIGGER no_space BEFORE INSERT OR UPDATE ON ${table} EXECUTE FUNCTION no_space()`);
      }
      return async () => {
        for (const table of tables) await on.query(`DROP TRIGGER no_space ON ${table}`);
      };
    },
  ],
  [
    'it is read-only',
    async (on) => {
      // As after a failover: connections are cut, and who comes back finds a server that takes nothing.
      const set = async (value: string) => {
        const client = on.connection();
        await client.connect();
        await client.query('SET default_transaction_read_only = off');
        const { database } = client;
        await client.query(`ALTER DATABASE "${database}" ${value}`);
        await client.query(
          'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()',
          [database],
        );
        await client.end();
      };
      await set('SET default_transaction_read_only = on');
      await expect(on.query('CREATE TABLE public.probe ()')).rejects.toMatchObject({ code: '25006' });
      return () => set('RESET default_transaction_read_only');
    },
  ],
];

describe('35 a database that takes nothing', () => {
  it.each(REFUSALS)(
    '%s: 503 with Retry-After, nothing is accepted, and jobs under way go on afterwards',
    async (_, refuse) => {
      site = await openFlowSite(sites, { LEASE: '10s' });
      const { api, client, workers } = await site.nodes(1);
      const job = await client.submit('five-steps', flowInputs(site, ['step-3']));
      await site.noted(job, 'step-3');
      const recover = await refuse(site);
      try {
        await open(site, 'step-3');
        await site.noted(job, 'done-3');
        for (const headers of [ASYNC, { 'idempotency-key': randomUUID() }, {}] as Record<string, string>[]) {
          const refused = await client.execute('five-steps', { inputs: flowInputs(site) }, headers);
          const problem = (await refused.json()) as { type: string };
          expect({ status: refused.status, ...problem }).toMatchObject({
            status: 503,
            type: expect.stringMatching(/\/database-unavailable$/),
          });
          expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
        }
        expect(await client.status(job)).toMatchObject({ status: 'running' });
      } finally {
        await recover();
      }
      expect(await client.ended(job)).toMatchObject({ status: 'successful' });
      expect((await site.rows()).map(({ id }) => id)).toEqual([job]);
      expect(await counts(site, job, /^done-/)).toMatchObject({ 'done-1': 1, 'done-2': 1, 'done-4': 1, 'done-5': 1 });
      expect([api, ...workers].map(({ running }) => running)).toEqual([true, true]);
    },
  );
});

describe('39 migrations under load', () => {
  it('the schema grows and nodes of the next release start while jobs run: no job and no request fails', async () => {
    site = await openFlowSite(sites);
    const { client } = await site.nodes(2);
    const done: string[] = [];
    let isOver = false;
    const work = async (on: Client) => {
      while (!isOver) {
        const job = await on.submit('wide', flowInputs(site, [], { count: 5 }));
        expect(await on.ended(job)).toMatchObject({ status: 'successful' });
        expect(await on.getJson(`/jobs/${job}/results`)).toBe(15);
        done.push(job);
      }
    };
    const clients = Promise.all([1, 2, 3].map(() => work(client)));
    const enough = (count: number) =>
      Promise.race([
        clients,
        eventually(() => Promise.resolve(done.length >= count || undefined), `${count} jobs are done`),
      ]);
    await enough(3);
    for (const table of ['job', 'task_run', 'job_event', 'job_output']) {
      // As a migration of a later release would do it: in a transaction, with a default, and an index.
      await site.query(`
        ALTER TABLE ${table} ADD COLUMN of_a_later_release text NOT NULL DEFAULT 'x';
        CREATE INDEX ON ${table} (of_a_later_release)`);
    }
    await enough(done.length + 3);
    const [api] = await Promise.all([site.api(), site.worker()]);
    await enough(done.length + 3);
    isOver = true;
    await clients;
    const last = await clientOf(api).submit('wide', flowInputs(site, [], { count: 2 }));
    expect(await client.ended(last)).toMatchObject({ status: 'successful' });
    expect((await client.dismiss(last)).status).toBe(200);
    expect(
      (await site.rows()).every(({ state_name: name, recoveries }) => name === 'Completed' && recoveries === 0),
    ).toBe(true);
  });
});
