import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, jest } from '@jest/globals';
import { testedBackends } from '../harness/backends.js';
import {
  counts,
  EXECUTORS,
  type Executor,
  flowFor,
  flowInputs,
  flowModulesForAll,
  IN_ONE_RUN,
  notes,
  open,
  openFlowSite,
} from '../harness/flow-site.js';
import { clientOf, type Site } from '../harness/site.js';
import { useSites } from '../harness/sites.js';

jest.setTimeout(180_000);

const sites = useSites();
let site: Site;

/** Settings of a node whose clock is wrong. @param milliseconds how far it is ahead */
function shifted(milliseconds: number): Record<string, string> {
  const preload = pathToFileURL(resolve('test/fixtures/shifted-clock.mjs')).href;
  return { NODE_OPTIONS: `--import ${preload}`, CLOCK_SHIFT: String(milliseconds) };
}

describe('12 blocked event loop', () => {
  it('a worker that is blocked past its lease is fenced off at its next step; there is one result and it stays', async () => {
    site = await openFlowSite(sites, { ...IN_ONE_RUN, WORKER_CONCURRENCY: '1' });
    const { client, workers } = await site.nodes(2);
    const job = await client.submit('blocking-inline', flowInputs(site));
    const blocked = await site.noted(job, 'block');
    const blockedWorker = workers.find(({ pid }) => pid === blocked)!;
    const other = workers.find(({ pid }) => pid !== blocked)!;

    expect(await client.ended(job)).toMatchObject({ status: 'successful' });
    expect(await client.getJson(`/jobs/${job}/results`)).toEqual([blocked, other.pid]);
    const ended = await site.row(job);
    const history = await site.history(job);

    await open(site, 'free');
    await site.noted(job, 'unblocked', 2);
    expect((await blockedWorker.logged(/event loop was blocked/)).msg).toContain("isolation: 'child'");
    // The one that was blocked is well again: it does the next job, alone.
    await other.stop();
    const next = await client.submit('five-inline-steps', flowInputs(site));
    expect(await client.ended(next)).toMatchObject({ status: 'successful' });
    expect(await client.getJson(`/jobs/${next}/results`)).toEqual(Array(5).fill(blocked));
    await blockedWorker.stop();

    expect(await site.row(job)).toEqual(ended);
    expect(await site.history(job)).toEqual(history);
    expect((await notes(site, job, /^unblocked$/)).map(({ pid }) => pid)).toEqual([other.pid, blocked]);
  });

  it('code in an executor blocks nobody: its worker keeps the job', async () => {
    site = await openFlowSite(sites);
    const { client, workers } = await site.nodes(2);
    const job = await client.submit('blocking-child', flowInputs(site));
    await site.noted(job, 'block');
    const first = await site.row(job);
    // A job begun later that outlives a lease: whoever supervises has looked at the blocked one in the meantime.
    const { id } = await site.row(await client.submit('sleeper', { ms: 5_000 }));
    expect(await client.ended(id)).toMatchObject({ status: 'successful' });

    expect(await site.row(job)).toMatchObject({ state_name: 'Running', epoch: first.epoch });
    await open(site, 'free');
    expect(await client.ended(job)).toMatchObject({ status: 'successful' });
    expect(await counts(site, job, /block/)).toEqual({ block: 1, unblocked: 1 });
    expect(workers.map(({ running }) => running)).toEqual([true, true]);
  });
});

describe.each(testedBackends())('13 clock skew, either executor, queue on %s', (backend) => {
  it.each([
    ['ahead', 90_000],
    ['behind', -90_000],
  ])('a worker whose clock is 90 s %s steals no job, and loses none', async (_, shift) => {
    // Room for one job of each executor.
    site = await openFlowSite(sites, { ...flowModulesForAll(), WORKER_CONCURRENCY: '2' }, backend);
    const right = await site.worker();
    const client = clientOf(await site.api({ ROLE: 'api' }));
    const submit = (process: string, holds: readonly string[] = [], more = {}) =>
      Promise.all(EXECUTORS.map((one) => client.submit(flowFor(one, process), flowInputs(site, holds, more))));
    const held = await submit('five-steps', ['step-3']);
    for (const job of held) await site.noted(job, 'step-3');
    const wrong = await site.worker(shifted(shift));

    // It works, on what is free, and with timers and sleeps.
    const some = [submit('five-steps'), submit('dozing', [], { ms: 500 }), submit('trying')];
    const others = (await Promise.all(some)).flat();
    for (const job of others) expect(await client.ended(job)).toMatchObject({ status: 'successful' });
    for (const job of others) {
      expect((await notes(site, job, /^step-1$/)).length).toBe(1);
      expect(await site.recoveries(job)).toBe(0);
    }
    // The next job outlives several leases and rounds of supervision.
    expect(await client.ended(await client.submit('sleeper', { ms: 7_000 }))).toMatchObject({ status: 'successful' });
    for (const job of held) {
      expect(await client.status(job)).toMatchObject({ status: 'running' });
      expect(await site.recoveries(job)).toBe(0);
    }
    await open(site, 'step-3');
    for (const job of held) {
      expect(await client.ended(job)).toMatchObject({ status: 'successful' });
      expect(await counts(site, job, /^step-/)).toMatchObject({ 'step-1': 1, 'step-2': 1, 'step-3': 1, 'step-5': 1 });
    }

    // What it holds is its own as long as it lives, and no longer.
    await right.stop();
    const own = await submit('five-steps', ['step-4']);
    for (const job of own) await site.noted(job, 'step-4');
    const late = await submit('dozing', ['step-2'], { ms: 0 });
    wrong.kill('SIGKILL');
    await site.worker();
    await open(site, 'step-4');
    await open(site, 'step-2');
    for (const job of [...own, ...late]) expect(await client.ended(job)).toMatchObject({ status: 'successful' });
    for (const job of own) {
      expect(await site.recoveries(job)).toBe(1);
      expect(await counts(site, job, /^done-/)).toMatchObject({ 'done-1': 1, 'done-3': 1, 'done-5': 1 });
    }
  });

  it('a job that a worker with a wrong clock has put to sleep is woken by others', async () => {
    site = await openFlowSite(sites, flowModulesForAll(), backend);
    const client = clientOf(await site.api({ ROLE: 'api' }));
    // It puts them on the queue by its clock, an hour too late.
    const wrong = await site.worker({ ...shifted(3_600_000), ALWAYS_SUSPEND: 'true' });
    const submit = (one: Executor) => client.submit(flowFor(one, 'dozing'), flowInputs(site, [], { ms: 3_000 }));
    const jobs = await Promise.all(EXECUTORS.map(submit));
    for (const job of jobs) await site.noted(job, 'done-1');
    await site.worker();
    wrong.kill('SIGKILL');
    for (const job of jobs) {
      expect(await client.ended(job)).toMatchObject({ status: 'successful' });
      expect(await counts(site, job, /^done-/)).toEqual({ 'done-1': 1, 'done-2': 1 });
    }
  });
});
