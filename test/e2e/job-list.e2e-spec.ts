import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Client, JobStatus } from '../harness/client.js';
import { OwnService, PROBES } from '../harness/own-service.js';
import { linkOf, type Page, pagesOf } from '../harness/pages.js';
import { expectProblem, OGC_PROBLEM, pointersOf } from '../harness/problem.js';

jest.setTimeout(30_000);

interface JobList extends Page {
  readonly jobs: readonly (JobStatus & { readonly processID: string; readonly created: string })[];
}

describe('The job list', () => {
  const own = new OwnService('e2e-job-list', { ...PROBES, CANCEL_GRACE: '500ms' });
  let client: Client;
  const ids: Record<'first' | 'noop' | 'failed' | 'dismissed' | 'running', string> = {} as never;

  beforeAll(async () => {
    client = await own.start();
    ids.first = await client.submit('chatty', { lines: 0 });
    await client.ended(ids.first);
    ids.noop = await client.submit('noop', {});
    await client.ended(ids.noop);
    ids.failed = await client.submit('chatty', { lines: 0, fail: 'x' });
    await client.ended(ids.failed);
    ids.dismissed = await client.submit('sleeper', { ms: 60_000 });
    await client.until(ids.dismissed, ['running']);
    await client.dismiss(ids.dismissed);
    ids.running = await client.submit('sleeper', { ms: 60_000 });
    await client.until(ids.running, ['running']);
  }, 90_000);
  afterAll(async () => {
    await client?.dismiss(ids.running);
    await own.stop();
  }, 60_000);

  const list = (query: string) => client.getJson<JobList>(`/jobs?${query}`);
  const listed = async (query: string) => {
    const { jobs } = await list(query);
    return jobs.map(({ jobID }) => Object.entries(ids).find(([, id]) => id === jobID)![0]);
  };

  it('holds all jobs, newest first, each with its processID (/req/job-list/job-list-success, /req/job-list/processID-mandatory)', async () => {
    expect(await listed('')).toEqual(['running', 'dismissed', 'failed', 'noop', 'first']);
    expect((await list('')).jobs.map(({ processID }) => processID)).toEqual([
      ...['sleeper', 'sleeper', 'chatty', 'noop', 'chatty'],
    ]);
  });

  it.each([
    ['processID=chatty', ['failed', 'first']],
    ['processID=chatty,noop', ['failed', 'noop', 'first']],
    ['processID=chatty&processID=noop', ['failed', 'noop', 'first']],
    ['processID=nobody', []],
    ['processID=%00', []],
  ])('?%s: only jobs of these processes (/req/job-list/processid-response)', async (query, names) => {
    expect(await listed(query)).toEqual(names);
  });

  it.each([
    ['status=successful', ['noop', 'first']],
    ['status=running,dismissed', ['running', 'dismissed']],
    ['status=failed&status=successful', ['failed', 'noop', 'first']],
    ['status=accepted', []],
    ['status=successful&processID=noop', ['noop']],
  ])('?%s: only jobs in these statuses (/req/job-list/status-response)', async (query, names) => {
    expect(await listed(query)).toEqual(names);
  });

  it('?type: all jobs for process, none for another (/req/job-list/type-response)', async () => {
    expect(await listed('type=process')).toHaveLength(5);
    expect(await listed('type=process,openeo')).toHaveLength(5);
    expect(await listed('type=openeo')).toEqual([]);
  });

  it('?datetime: jobs created then (/req/job-list/datetime-response)', async () => {
    const { jobs } = await list('');
    const [, dismissed, failed, noop] = jobs.map(({ created }) => created);
    expect(await listed(`datetime=${noop}/${dismissed}`)).toEqual(['dismissed', 'failed', 'noop']);
    expect(await listed(`datetime=${failed}`)).toEqual(['failed']);
    expect(await listed(`datetime=../${noop}`)).toEqual(['noop', 'first']);
    expect(await listed(`datetime=/${noop}`)).toEqual(['noop', 'first']);
    expect(await listed(`datetime=${dismissed}/..`)).toEqual(['running', 'dismissed']);
    expect(await listed('datetime=0000-01-01T00:00:00Z/0001-01-01T00:00:00Z')).toEqual([]);
    expect(await listed('datetime=9999-12-31T23:59:59-23:59/..')).toEqual([]);
  });

  it('?minDuration and ?maxDuration: finished and running jobs by their time (/req/job-list/duration-response)', async () => {
    expect(await listed('minDuration=0')).toHaveLength(5);
    expect(await listed('minDuration=3600')).toEqual([]);
    expect(await listed('minDuration=3600,0&status=running')).toEqual(['running']);
    expect(await listed('maxDuration=3600&status=running,failed')).toEqual(['running', 'failed']);
    expect(await listed('minDuration=0&status=accepted')).toEqual([]);
  });

  it('goes forth by next and back by prev, with the filters kept (/rec/job-list/next-1 to next-3, /per/job-list/prev)', async () => {
    const forth = await pagesOf<JobList>(client, '/jobs?limit=2&status=successful,failed,dismissed');
    const names = (pages: readonly JobList[]) => pages.map(({ jobs }) => jobs.map(({ jobID }) => jobID));
    expect(names(forth)).toEqual([
      [ids.dismissed, ids.failed],
      [ids.noop, ids.first],
    ]);
    expect(linkOf(forth[0], 'prev')).toBeUndefined();
    const last = linkOf(forth[1], 'self')!.slice(client.base.length);
    const back = await pagesOf<JobList>(client, last, { rel: 'prev' });
    expect(names(back).reverse()).toEqual(names(forth));
  });

  it('has a self link, and no more jobs than the limit (/req/job-list/links, /req/job-list/limit-response)', async () => {
    const page = await list('limit=3&type=process');
    expect(page.jobs).toHaveLength(3);
    expect(linkOf(page, 'self')).toBe(`${client.base}/jobs?limit=3&type=process`);
  });

  it('names every fault of a query (/req/job-list/*-definition)', async () => {
    const query = 'limit=0&status=done&datetime=now&minDuration=1.5&maxDuration=x&cursor=%F0&processID=';
    const response = await client.get(`/jobs?${query}`);
    const problem = await expectProblem(response, 400, `${OGC_PROBLEM}/invalid-query-parameter-value`);
    expect(pointersOf(problem)).toEqual([
      ...['/cursor', '/datetime', '/limit', '/maxDuration', '/minDuration', '/processID', '/status'],
    ]);
  });
});
