import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { v7 as uuid } from 'uuid';
import type { JobAdmission } from '../../src/jobs/job.types.js';
import type { ClaimingWorker } from '../../src/jobs/limits/job-entrance.js';
import { type ClaimedJob, compatibilityKey, type HeldLease } from '../../src/jobs/store/job-leases.js';
import { type TestDatabase, TestDatabases } from '../harness/database.js';
import { step, TestSteps } from '../harness/steps.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

jest.setTimeout(120_000);

const place = temporaryDirectory('limits');
let databases: TestDatabases;
let store: TestDatabase;
let memory: TestSteps;

beforeAll(async () => {
  databases = await TestDatabases.start();
  store = await databases.open({ DATA_DIR: place.path, DATABASE_POOL: '20' });
  memory = new TestSteps(store);
});
afterAll(async () => {
  await databases.close();
  place.remove();
});

const worker: ClaimingWorker = {
  id: 'a-worker',
  lease: 60_000,
  known: [compatibilityKey('a-process', '1.0.0')],
  versionOf: () => '1.0.0',
};

type Concurrency = NonNullable<JobAdmission['concurrency']>;

/** Accepts a job under a limit of its own kind. */
const limited = (key: string, limit: number, onLimit: Concurrency['onLimit'] = 'queue') =>
  store.accepted({ id: uuid(), admission: { concurrency: { key, limit, onLimit } } });

const claim = (id: string) => store.entrance.claim(id, worker);
const claimed = async (id: string): Promise<ClaimedJob> => {
  const job = await claim(id);
  if (job === undefined) throw new Error(`the job ${id} was not claimed`);
  return job;
};
const stateOf = async (id: string) => {
  const { state_type: type, state_name: name } = await store.row(id);
  return `${type}/${name}`;
};
const dispatched = () => store.dispatch.jobs.splice(0).map(({ id }) => id);
const crash = (held: HeldLease) => store.completion.crash(held, { code: 'crashed', detail: 'gone' });

/** A job that this worker runs, with its steps. */
const running = async () => {
  const held = await store.claimed();
  return { held, id: held.id, steps: memory.of(held) };
};
const limits = (key: string, limit: number) => ({ limits: [{ key, limit }] });
const end = (key: string) => ({ key, end: 'completed', name: 'Completed', value: key }) as const;

/** Looks at the database again and again while something goes on. @returns what it saw, in its order */
const watching = async (text: string, values: readonly unknown[], goingOn: Promise<unknown>): Promise<number[]> => {
  const seen: number[] = [];
  let isOver = false;
  const over = goingOn.finally(() => (isOver = true));
  while (!isOver) seen.push((await store.query<{ n: number }>(text, values))[0].n);
  await over;
  return seen;
};

/** Resolves for everybody once so many have come: so many were at work at once, whether or not anybody looked then. */
const meeting = (size: number) => {
  let present = 0;
  let open!: () => void;
  const complete = new Promise<void>((resolve) => (open = resolve));
  return () => {
    present += 1;
    if (present >= size) open();
    return complete;
  };
};

describe('a limit of jobs', () => {
  it('lets so many run, and the others wait without an entry, the oldest first (T14)', async () => {
    const key = randomUUID();
    const [first, second, third] = [await limited(key, 1), await limited(key, 1), await limited(key, 1)];
    expect(await store.leases.claim(first, 'a-worker', 60_000)).toBeUndefined();
    const held = await claimed(first);
    expect(await claim(third)).toBeUndefined();
    expect(await claim(second)).toBeUndefined();
    expect(await stateOf(second)).toBe('SCHEDULED/AwaitingConcurrencySlot');
    const { waiting_reason: reason } = await store.reader.get(second);
    expect(reason).toBe('waits for one of 1 place(s) for jobs of this kind');

    expect(await store.recovery.countWaiting(-1_000)).toBe(0);
    expect(await store.leases.postponed(second, worker.known)).toBeUndefined();
    dispatched();
    await store.completion.succeed(held, []);
    await store.slotQueue.freed([key]);
    expect(dispatched()).toEqual([second]);
    expect(await claim(third)).toBeUndefined();
    expect((await claimed(second)).id).toBe(second);
    expect((await store.history(second)).map(({ type }) => type)).toEqual([
      'accepted',
      'suspended',
      'resumed',
      'started',
    ]);
  });

  it('is not taken by a newcomer while somebody who was woken is on the way', async () => {
    const key = randomUUID();
    const [first, second] = [await limited(key, 1), await limited(key, 1)];
    const held = await claimed(first);
    expect(await claim(second)).toBeUndefined();
    await store.completion.succeed(held, []);
    await store.slotQueue.freed([key]);
    expect(await claim(await limited(key, 1))).toBeUndefined();
    expect(await claim(second)).toBeDefined();
  });

  it('is not kept by who waits for a worker that is not there', async () => {
    const key = randomUUID();
    const [first, second, third] = [await limited(key, 1), await limited(key, 1), await limited(key, 1)];
    const held = await claimed(first);
    expect(await claim(second)).toBeUndefined();
    await store.completion.succeed(held, []);
    await store.slotQueue.freed([key]);
    expect(await store.leases.postponed(second, ['other@1'])).toMatchObject({ known: false });
    expect(await claim(third)).toBeDefined();
  });

  it('counts separately for each key', async () => {
    const [one, other] = [await limited(randomUUID(), 1), await limited(randomUUID(), 1)];
    expect(await claim(one)).toBeDefined();
    expect(await claim(other)).toBeDefined();
  });

  it.each([
    ['fails', (held: HeldLease) => store.completion.fail(held, 'Failed', { code: 'job-failed', detail: 'no' })],
    ['is handed back', (held: HeldLease) => store.leases.handBack(held, 'the worker shut down')],
    ['is suspended', (held: HeldLease) => memory.suspension.suspend(held)],
    ['loses its worker (scenario 24)', crash],
  ])('is free in the statement in which its holder %s', async (_, leave: (held: HeldLease) => Promise<unknown>) => {
    const key = randomUUID();
    const held = await claimed(await limited(key, 1));
    const next = await limited(key, 1);
    expect(await claim(next)).toBeUndefined();
    await leave(held);
    dispatched();
    await store.slotQueue.wakeAll();
    expect(dispatched()).toContain(next);
    expect(await claim(next)).toBeDefined();
  });

  it('is kept while its holder is being dismissed, until its code has ended', async () => {
    const key = randomUUID();
    const held = await claimed(await limited(key, 1));
    const next = await limited(key, 1);
    await store.cancellation.request(held.id);
    expect(await claim(next)).toBeUndefined();
    await store.cancellation.confirm(held);
    await store.slotQueue.freed([key]);
    expect(await claim(next)).toBeDefined();
  });

  it('refuses new ones where its author wants that, and those that come back wait', async () => {
    const key = randomUUID();
    const held = await claimed(await limited(key, 1, 'cancelNew'));
    const refused = await limited(key, 1, 'cancelNew');
    expect(await claim(refused)).toBeUndefined();
    expect(await stateOf(refused)).toBe('CANCELLED/Cancelled');
    expect((await store.row(refused)).message).toBe(
      'No more than 1 job(s) of this kind may run at once, and so many do.',
    );
    await crash(held);
    expect(await claim(await limited(key, 1, 'cancelNew'))).toBeDefined();
    expect(await claim(held.id)).toBeUndefined();
    expect(await stateOf(held.id)).toBe('SCHEDULED/AwaitingConcurrencySlot');
  });

  it('makes older ones stop for new ones where its author wants that', async () => {
    const key = randomUUID();
    const [first, second, third] = [
      await limited(key, 1, 'cancelRunning'),
      await limited(key, 1, 'cancelRunning'),
      await limited(key, 1, 'cancelRunning'),
    ];
    const held = await claimed(first);
    expect(await claim(second)).toBeUndefined();
    expect(await stateOf(first)).toBe('CANCELLING/Cancelling');
    expect(await claim(third)).toBeUndefined();
    expect(await stateOf(second)).toBe('CANCELLED/Cancelled');
    await store.cancellation.confirm(held);
    await store.slotQueue.freed([key]);
    expect(await claim(third)).toBeDefined();
    for (const [dismissed, newer] of [
      [first, second],
      [second, third],
    ]) {
      const message = `Dismissed to make room for the newer job ${newer}: only so many of this kind may run at once.`;
      expect((await store.row(dismissed)).message).toBe(message);
      expect((await store.history(dismissed)).at(-1)).toMatchObject({ type: 'dismissed', data: { detail: message } });
    }
  });

  it('never lets more than so many run, whatever happens to them (scenario 25)', async () => {
    const key = randomUUID();
    const ids = new Set(await Promise.all(Array.from({ length: 50 }, () => limited(key, 3))));
    const met = meeting(3);
    const runs = async (id: string, index: number) => {
      while (ids.has(id)) {
        const held = await claim(id);
        if (held === undefined) {
          await store.slotQueue.wakeAll();
          continue;
        }
        await met();
        if (index % 5 === 0 && held.epoch === 1) await crash(held);
        else if (await store.completion.succeed(held, [])) ids.delete(id);
        await store.slotQueue.freed([key]);
      }
    };
    const seen = await watching(
      `SELECT count(*)::int AS n FROM job WHERE state_type = 'RUNNING' AND admission -> 'concurrency' ->> 'key' = $1`,
      [key],
      Promise.all([...ids].map(runs)),
    );
    expect(Math.max(...seen)).toBeLessThanOrEqual(3);
    const [{ runs: began }] = await store.query<{ runs: number }>(
      `SELECT sum(epoch)::int AS runs FROM job WHERE state_type = 'COMPLETED' AND admission -> 'concurrency' ->> 'key' = $1`,
      [key],
    );
    expect(began).toBe(50 + 10);
    const slots = await store.query('SELECT FROM concurrency_slot WHERE limit_key = $1 AND waits', [key]);
    expect(slots).toEqual([]);
  });
});

describe('a limit of steps', () => {
  it('lets a step wait and its job give the worker free, until there is a place (T17)', async () => {
    const key = randomUUID();
    const [one, two] = [await running(), await running()];
    expect(await one.steps.begin(step('a', limits(key, 1)))).toEqual({ do: 'run', attempt: 1 });
    expect(await two.steps.begin(step('a', limits(key, 1)))).toEqual({ do: 'suspend' });
    expect(await memory.rows(two.id)).toMatchObject([
      {
        state_type: 'SCHEDULED',
        state_name: 'AwaitingConcurrencySlot',
        attempt: 0,
        message: `waits for one of 1 place(s) under the limit "${key}"`,
      },
    ]);
    expect(await memory.suspension.suspend(two.held)).toMatchObject({
      state_name: 'AwaitingConcurrencySlot',
      due_in: null,
    });
    expect((await store.reader.get(two.id)).waiting_reason).toMatch(/under the limit/);
    dispatched();
    await one.steps.end(end('a'));
    expect(dispatched()).toEqual([two.id]);
    const { steps } = await memory.again(two.id);
    expect(await steps.begin(step('a', limits(key, 1)))).toEqual({ do: 'run', attempt: 1 });
    expect(await memory.rows(two.id)).toMatchObject([{ state_name: 'Running', attempt: 1 }]);
    expect((await store.history(two.id)).map(({ type }) => type)).toEqual([
      'accepted',
      'started',
      'task-waiting',
      'suspended',
      'resumed',
      'started',
      'task-started',
    ]);
  });

  it('wakes a job that was being suspended as the place was given free', async () => {
    const key = randomUUID();
    const [one, two] = [await running(), await running()];
    await one.steps.begin(step('a', limits(key, 1)));
    await two.steps.begin(step('a', limits(key, 1)));
    await one.steps.end(end('a'));
    await memory.suspension.suspend(two.held);
    dispatched();
    await store.slotQueue.freed(two.steps.limitKeys);
    expect(dispatched()).toEqual([two.id]);
  });

  it('waits in place while other steps keep the worker, and for those only', async () => {
    const key = randomUUID();
    const { id, steps } = await running();
    await steps.begin(step('outer'));
    await steps.begin(step('a', limits(key, 1)));
    const waiting = steps.begin(step('outer/b', limits(key, 1)));
    await steps.end(end('a'));
    expect(await waiting).toEqual({ do: 'run', attempt: 1 });

    const last = steps.begin(step('c', limits(key, 1)));
    await steps.end(end('outer/b'));
    expect(await last).toEqual({ do: 'run', attempt: 1 });
    const other = await running();
    await other.steps.begin(step('outer'));
    expect(await other.steps.begin(step('outer/x', limits(key, 1)))).toEqual({ do: 'suspend' });
    expect((await memory.rows(id)).map((row) => row.state_name)).toEqual([
      'Running',
      'Completed',
      'Completed',
      'Running',
    ]);
  });

  it('has the steps around a step have their place for it as well', async () => {
    const key = randomUUID();
    const { steps } = await running();
    await steps.begin(step('outer', limits(key, 1)));
    expect(await steps.begin(step('outer/inner', limits(key, 1)))).toEqual({ do: 'run', attempt: 1 });
  });

  it('takes places under all limits of a step, or none', async () => {
    const [a, b] = [randomUUID(), randomUUID()];
    const both = { limits: [...limits(a, 1).limits, ...limits(b, 1).limits] };
    const [one, two, three] = [await running(), await running(), await running()];
    await one.steps.begin(step('x', limits(b, 1)));
    expect(await two.steps.begin(step('x', both))).toEqual({ do: 'suspend' });
    expect(await three.steps.begin(step('x', limits(a, 1)))).toEqual({ do: 'run', attempt: 1 });
  });

  it('of 0 fails the step and says why', async () => {
    const { id, steps } = await running();
    const fault = {
      name: 'ConcurrencyLimitError',
      message: 'The limit "db" of the step "a" is 0, so none may run; raise it to let steps run.',
    };
    expect(await steps.begin(step('a', limits('db', 0)))).toEqual({ do: 'throw', fault });
    expect(await memory.rows(id)).toMatchObject([{ state_type: 'FAILED', attempt: 1 }]);
  });

  it('is free when its holder lost its worker, and the attempt is made again under its number (scenario 24)', async () => {
    const key = randomUUID();
    const [one, two] = [await running(), await running()];
    await one.steps.begin(step('a', limits(key, 1)));
    await two.steps.begin(step('a', limits(key, 1)));
    await memory.suspension.suspend(two.held);
    await crash(one.held);
    dispatched();
    await store.slotQueue.wakeAll();
    expect(dispatched()).toEqual([two.id]);
    const again = await memory.again(two.id);
    await again.steps.begin(step('a', limits(key, 1)));
    const back = await memory.again(one.id);
    expect(await back.steps.begin(step('a', limits(key, 1)))).toEqual({ do: 'suspend' });
    await memory.suspension.suspend(back.held);
    await again.steps.end(end('a'));
    const { steps } = await memory.again(one.id);
    expect(await steps.begin(step('a', limits(key, 1)))).toEqual({ do: 'run', attempt: 1 });
  });

  it('never lets more than so many run: 50 at once under a limit of 3 (scenario 25)', async () => {
    const key = randomUUID();
    const jobs = await Promise.all(Array.from({ length: 50 }, running));
    const met = meeting(3);
    const works = async (id: string, first: HeldLease, index: number) => {
      let held = first;
      let steps = memory.of(held);
      for (;;) {
        const verdict = await steps.begin(step('a', limits(key, 3)));
        if (verdict.do === 'run') {
          await met();
          if (index % 7 === 0 && held.epoch === 1) await crash(held);
          else if ((await steps.end(end('a'))).do === 'go') return;
        } else {
          await memory.suspension.suspend(held);
          await store.slotQueue.freed(steps.limitKeys);
        }
        for (;;) {
          const next = await store.leases.claim(id, 'another-worker', 60_000);
          if (next !== undefined) {
            held = next;
            steps = memory.of(held);
            break;
          }
          await store.slotQueue.wakeAll();
        }
      }
    };
    const ids = jobs.map(({ id }) => id);
    const seen = await watching(
      `SELECT count(*)::int AS n FROM task_run t JOIN job j ON j.id = t.job_id
       WHERE j.id = ANY($1) AND t.state_type = 'RUNNING' AND j.state_type = 'RUNNING' AND t.epoch = j.epoch`,
      [ids],
      Promise.all(jobs.map(({ id, held }, index) => works(id, held, index))),
    );
    expect(Math.max(...seen)).toBeLessThanOrEqual(3);
    const ended = await store.query(`SELECT FROM task_run WHERE job_id = ANY($1) AND state_type = 'COMPLETED'`, [ids]);
    expect(ended).toHaveLength(50);
  });
});
