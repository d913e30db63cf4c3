import { describe, expect, it, jest } from '@jest/globals';
import { eventually } from '../harness/backends.js';
import type { Client } from '../harness/client.js';
import { EventStream } from '../harness/event-stream.js';
import { EXECUTORS, flowFor, flowInputs, flowModulesForAll, open, openFlowSite } from '../harness/flow-site.js';
import { clientOf, type Site } from '../harness/site.js';
import { useSites } from '../harness/sites.js';

jest.setTimeout(120_000);

const sites = useSites();
let site: Site;

describe('36 event gap', () => {
  it('events whose commits are held up and come late reach every reader, in order and without a gap', async () => {
    site = await openFlowSite(sites);
    const { api, client } = await site.nodes(2);
    const points = Array.from({ length: 8 }, (_, index) => `item-${index + 1}`);
    const job = await client.submit('wide', flowInputs(site, points, { count: 24 }));
    for (const point of points) await site.noted(job, point);
    const url = api.url(`/jobs/${job}/events`);
    const streams = await Promise.all([EventStream.open(url), EventStream.open(url, 5)]);
    const ended = streams.map((stream) => stream.toEnd());

    // Steps that end now stand in the middle of their statements: with a number, before their commits.
    const writer = site.connection();
    await writer.connect();
    await writer.query('BEGIN');
    await writer.query('LOCK TABLE job_event IN SHARE MODE');
    for (const point of points) await open(site, point);
    await eventually(async () => {
      const blocked = await site.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
           AND strpos(query, 'task_run t SET state_type') > 0`,
      );
      return blocked.length >= 2 ? true : undefined;
    }, 'several steps want to end at once');
    // A reader that comes in between sees what was committed.
    const between = await EventStream.open(url);
    ended.push(between.toEnd());
    const seen = await client.getJson<{ events: { seq: number }[] }>(`/jobs/${job}/events?limit=1000`);
    await writer.query('COMMIT');
    await writer.end();

    expect(await client.ended(job)).toMatchObject({ status: 'successful' });
    const history = (await site.history(job)).map(({ seq, type }) => [seq, type]);
    expect(history.map(([seq]) => seq)).toEqual(history.map((_, index) => index + 1));
    expect(seen.events.length).toBeLessThan(history.length);
    const [whole, rest, late] = (await Promise.all(ended)).map((events) => events.map(({ id, event }) => [id, event]));
    expect(whole).toEqual(history);
    expect(rest).toEqual(history.slice(5));
    expect(late).toEqual(history);
  });
});

interface LogPage {
  readonly lines: readonly { readonly message: string; readonly level: string }[];
  readonly links: readonly { readonly rel: string; readonly href: string }[];
}

/** All messages of a job's log. */
async function messages(client: Client, job: string): Promise<string[]> {
  const all: string[] = [];
  for (let path: string | undefined = `/jobs/${job}/logs?limit=1000`; path !== undefined;) {
    const page: LogPage = await client.getJson<LogPage & Record<string, unknown>>(path);
    all.push(...page.lines.map(({ message }) => message));
    path = page.links.find(({ rel }) => rel === 'next')?.href.replace(client.base, '');
  }
  return all;
}

/** Numbers of the lines of the fixture, and how many others a warning says are missing. */
function linesIn(log: readonly string[]): { kept: number[]; missing: number } {
  const number = (pattern: RegExp) => log.flatMap((message) => pattern.exec(message)?.[1] ?? []).map(Number);
  const missing = number(/^(\d+) (?:log )?lines? were dropped/).reduce((sum, count) => sum + count, 0);
  return { kept: number(/^line (\d+)$/), missing };
}

describe('38 log flood and crash, either executor', () => {
  const LINES = 50_000;

  /** A flood of each executor. */
  const flood = (client: Client) =>
    Promise.all(
      EXECUTORS.map((one) => client.submit(flowFor(one, 'flood'), flowInputs(site, ['flooded'], { lines: LINES }))),
    );

  it('what had been written before the crash is there, in order; what is missing is counted', async () => {
    site = await openFlowSite(sites, { ...flowModulesForAll(), WORKER_CONCURRENCY: '4' });
    const { client, workers } = await site.nodes(1);
    const jobs = await flood(client);
    for (const job of jobs) await site.noted(job, 'flooded');
    const before = new Map<string, string[]>();
    for (const job of jobs) {
      const log = await eventually(async () => {
        const all = await messages(client, job);
        const { kept, missing } = linesIn(all);
        return kept.length + missing >= LINES ? all : undefined;
      }, 'every line is in the log, or said to be missing');
      before.set(job, log);
      const { kept, missing } = linesIn(log);
      expect(kept.length + missing).toBe(LINES);
      expect(kept).toEqual([...kept].sort((a, b) => a - b));
      expect(new Set(kept).size).toBe(kept.length);
    }

    workers[0].kill('SIGKILL');
    await workers[0].exited();
    await open(site, 'flooded');
    await site.worker();
    for (const [job, log] of before) {
      expect(await client.ended(job)).toMatchObject({ status: 'successful' });
      const after = await messages(client, job);
      expect(after.slice(0, log.length)).toEqual(log);
      const again = linesIn(after.slice(log.length));
      expect(again.kept.length + again.missing).toBe(LINES);
    }
  });

  it('a worker that is killed in the middle of the flood leaves its beginning', async () => {
    site = await openFlowSite(sites, { ...flowModulesForAll(), WORKER_CONCURRENCY: '4' });
    const client = clientOf(await site.api({ ROLE: 'api' }));
    const worker = await site.worker();
    const jobs = await flood(client);
    for (const job of jobs) {
      await eventually(
        async () => (linesIn(await messages(client, job)).kept.length > 0 ? true : undefined),
        'the log has begun',
      );
    }
    worker.kill('SIGKILL');
    await worker.exited();

    for (const job of jobs) {
      const { kept } = linesIn(await messages(client, job));
      expect(kept[0]).toBe(1);
      expect(kept).toEqual([...kept].sort((a, b) => a - b));
    }
    await open(site, 'flooded');
    await site.worker();
    for (const job of jobs) expect(await client.ended(job)).toMatchObject({ status: 'successful' });
  });
});
