import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Transaction } from '../../src/database/transaction.js';
import type { StepTransaction } from '../../src/flows/step-host.js';
import type { StepEnd } from '../../src/flows/step-journal.js';
import { type TestDatabase, TestDatabases } from '../harness/database.js';
import { step, TestSteps } from '../harness/steps.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

jest.setTimeout(60_000);

const place = temporaryDirectory('transactional-steps');
let databases: TestDatabases;
let store: TestDatabase;
let memory: TestSteps;

const COMPLETED: StepEnd = { key: 'a', end: 'completed', name: 'Completed', value: 1 };
const FAILED: StepEnd = { key: 'a', end: 'failed', name: 'Failed', fault: { name: 'Error', message: 'no' } };

beforeAll(async () => {
  databases = await TestDatabases.start();
  store = await databases.open({ DATA_DIR: place.path });
  memory = new TestSteps(store);
  await store.query('CREATE TABLE public.effect (n int NOT NULL)');
});
afterAll(async () => {
  await databases.close();
  place.remove();
});
beforeEach(() => store.query('TRUNCATE public.effect'));

const effects = async () => (await store.query('SELECT n FROM public.effect')).length;

/** A job whose step `a` has begun. */
async function begun() {
  const held = await store.claimed();
  const steps = memory.of(held);
  await steps.begin(step('a'));
  const state = async () => (await memory.rows(held.id))[0].state_name;
  return { held, id: held.id, steps, state };
}

/** Writes, then ends as it says. */
const writing =
  (end: StepEnd) =>
  async ({ manager }: StepTransaction) => {
    await manager.query('INSERT INTO public.effect (n) VALUES (1)');
    return end;
  };

describe('a transactional step', () => {
  it('writes and ends in one transaction, of which nothing is seen before', async () => {
    const { id, steps, state } = await begun();
    const receipt = await steps.transactions.run(async (transaction) => {
      await writing(COMPLETED)(transaction);
      expect(await effects()).toBe(0);
      return COMPLETED;
    });
    expect(receipt).toEqual({ do: 'go' });
    expect([await effects(), await state()]).toEqual([1, 'Completed']);
    const history = await store.history(id);
    expect(history.map(({ seq, type }) => [seq, type]).slice(2)).toEqual([
      [3, 'task-started'],
      [4, 'task-completed'],
    ]);
  });

  it('may use savepoints for what may fail', async () => {
    const { steps } = await begun();
    await steps.transactions.run(async (transaction) => {
      const { manager } = transaction;
      const failing = manager.transaction((inner) => inner.query('INSERT INTO public.effect (n) VALUES (NULL)'));
      await expect(failing).rejects.toThrow(/null value/);
      await manager.transaction((inner) => inner.query('INSERT INTO public.effect (n) VALUES (2)'));
      transaction.assertOpen();
      return COMPLETED;
    });
    expect(await effects()).toBe(1);
  });

  it.each([
    ['failed', FAILED, 'Failed'],
    [
      'is to be tried again',
      { key: 'a', end: 'retry', fault: { name: 'E', message: 'no' }, delay: 0 },
      'AwaitingRetry',
    ],
  ] as [string, StepEnd, string][])('that %s leaves nothing of what it wrote', async (_, end, name) => {
    const { steps, state } = await begun();
    expect(await steps.transactions.run(writing(end))).toEqual({ do: 'go' });
    expect([await effects(), await state()]).toEqual([0, name]);
  });

  it('that throws leaves nothing, and nothing on record', async () => {
    const { steps, state } = await begun();
    const run = steps.transactions.run(async (transaction) => {
      await writing(COMPLETED)(transaction);
      throw new Error('stopped');
    });
    await expect(run).rejects.toThrow('stopped');
    expect([await effects(), await state()]).toEqual([0, 'Running']);
  });

  it('writes nothing once the job belongs to another worker (fencing)', async () => {
    const { held, id, steps } = await begun();
    const receipt = await steps.transactions.run(async (transaction) => {
      await writing(COMPLETED)(transaction);
      await store.completion.crash(held, { code: 'crashed', detail: 'gone' });
      await memory.again(id);
      return COMPLETED;
    });
    expect(receipt).toEqual({ do: 'stop' });
    expect(await effects()).toBe(0);
  });

  it('runs once more when its connection is lost under it, whatever it makes of that', async () => {
    const { steps, state } = await begun();
    const ends: StepEnd[] = [FAILED, COMPLETED, COMPLETED];
    let runs = 0;
    const receipt = await steps.transactions.run(async (transaction) => {
      await writing(COMPLETED)(transaction);
      const end = ends[runs++];
      if (runs < 3) {
        const [{ pid }] = await transaction.manager.query<{ pid: number }[]>('SELECT pg_backend_pid() AS pid');
        await store.query('SELECT pg_terminate_backend($1)', [pid]);
      }
      return end;
    });
    expect([receipt, runs, await effects(), await state()]).toEqual([{ do: 'go' }, 3, 1, 'Completed']);
  });

  it('does not run again when only the answer to the commit is lost', async () => {
    const { steps, state } = await begun();
    const commit: (this: Transaction) => Promise<void> = Reflect.get(Transaction.prototype, 'commit');
    const lost = jest.spyOn(Transaction.prototype, 'commit').mockImplementationOnce(async function (this: Transaction) {
      await commit.call(this);
      throw new Error('Connection terminated unexpectedly');
    });
    let runs = 0;
    const receipt = await steps.transactions.run((transaction) => {
      runs += 1;
      return writing(COMPLETED)(transaction);
    });
    expect([receipt, runs, await effects(), await state()]).toEqual([{ do: 'go' }, 1, 1, 'Completed']);
    lost.mockRestore();
  });

  it.each([
    ['passed over a failed statement', 'INSERT INTO public.effect (n) VALUES (NULL)', /has undone the others/],
    ['ended the transaction itself', 'COMMIT', /ended by code that only borrowed it/],
  ])('is told when its code has %s', async (_, statement, message) => {
    const { steps } = await begun();
    await steps.transactions.run(async (transaction) => {
      await transaction.manager.query(statement).catch(() => undefined);
      expect(() => transaction.assertOpen()).toThrow(message);
      return FAILED;
    });
  });
});
